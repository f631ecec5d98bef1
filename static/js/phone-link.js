// "Chụp bằng điện thoại": a QR code for the phone, and the photos that arrive from it while the panel is open.

const EVERY = 2000;

// `panel` is the markup of _phone_link.html; `ask(url)` posts the draft's token and resolves to { status, answer };
// `expect()`, called before asking, gives the function that shows the photos of the answer.
export function connect(panel, { ask, urls, expect }) {
  const part = (name) => panel.querySelector(`[data-${name}]`);
  const [picture, time, state, renew, failure] = ["qr", "time", "state", "renew", "failure"].map(part);
  const texts = panel.dataset;
  let [ends, round] = [0, 0];

  const left = () => Math.ceil((ends - Date.now()) / 60_000);
  // Only a change is written: a live region speaks whatever is written into it.
  const tell = (text) => { if (state.textContent !== text) state.textContent = text; };

  function expire() {
    ends = 0;
    picture.hidden = true;
    time.textContent = "";
    renew.hidden = false;
    tell(texts.expired);
  }

  async function look(mine) {
    if (document.hidden) return;
    const show = expect();
    const { status, answer } = await ask(urls.state);
    if (mine !== round || status !== 200) return;
    show(answer.photos);
    if (ends) tell(answer.phone === "opened" ? texts.opened : texts.waiting);
  }

  async function watch(mine) {
    while (mine === round && ends) {
      if (Date.now() >= ends) return void expire();
      time.textContent = texts.left.replace("#", left());
      await look(mine).catch(() => {});
      await new Promise((resolve) => { setTimeout(resolve, EVERY); });
    }
  }

  async function start() {
    round += 1;
    const mine = round;
    [failure.hidden, renew.hidden] = [true, true];
    tell(texts.loading);
    const { status, answer } = await ask(urls.phone).catch(() => ({ status: 0, answer: {} }));
    if (mine !== round) return;
    if (status !== 200) {
      failure.textContent = answer.error ?? texts.failed;
      [failure.hidden, renew.hidden, picture.hidden] = [false, false, true];
      return void tell("");
    }
    picture.src = `data:image/svg+xml,${encodeURIComponent(answer.svg)}`;
    picture.hidden = false;
    ends = Date.now() + answer.minutes * 60_000;
    tell(texts.waiting);
    watch(mine);
  }

  renew.addEventListener("click", async () => {
    await start();
    state.focus();
  });
  return {
    open: () => {
      if (!ends || Date.now() >= ends) return start();
      round += 1;
      return void watch(round);
    },
    close: () => { round += 1; },
  };
}
