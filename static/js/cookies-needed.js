// Says at once, before anything is filled in, that this browser keeps no cookies.

const NAME = "thu-cookie";

function keepsCookies() {
  if (navigator.cookieEnabled === false) return false;
  try {
    document.cookie = `${NAME}=1; path=/; SameSite=Lax`;
    const kept = document.cookie.includes(`${NAME}=1`);
    document.cookie = `${NAME}=; path=/; SameSite=Lax; Max-Age=0`;
    return kept;
  } catch {
    return false;
  }
}

const notice = document.querySelector("[data-cookies-needed]");
if (notice && !keepsCookies()) notice.hidden = false;
