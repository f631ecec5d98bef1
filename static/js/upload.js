// How a photo leaves the browser: shrunk where the browser can, sent with its progress, tried again when the line fails.

const [LONG_SIDE, QUALITY] = [2000, 0.88];
const PAUSES = [1000, 4000];
const STALLED = 60_000;
export const MAX_BYTES = 10 * 1024 * 1024;

export const jpeg = (canvas, quality = QUALITY) => new Promise((resolve, reject) => {
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", quality);
});

// A canvas for a JPEG, white where the picture is transparent. Browsers that guard against fingerprints hand back
// noise instead of what was drawn: there nothing may be redrawn.
export function canvasOf(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fefefe";
  context.fillRect(0, 0, 1, 1);
  if (context.getImageData(0, 0, 1, 1).data.join() !== "254,254,254,255") throw new Error("canvas is guarded");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  return [canvas, context];
}

export const decode = (blob) => createImageBitmap(blob, { imageOrientation: "from-image" });

// What to send of a chosen file: itself, or the same at 2,000 px. `readable` tells whether this browser can show it.
export async function shrink(file) {
  let [bitmap, readable] = [null, false];
  try {
    bitmap = await decode(file);
    readable = true;
    const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.size <= MAX_BYTES) return { blob: file, readable };
    const [canvas, context] = canvasOf(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await jpeg(canvas);
    return { blob: blob.size < file.size ? blob : file, readable };
  } catch {
    return { blob: file, readable };
  } finally {
    bitmap?.close();
  }
}

const parsed = (text) => { try { return JSON.parse(text); } catch { return {}; } };

function post(url, data, { token, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stall;
    const alive = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALLED);
    };
    const stop = () => request.abort();
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      alive();
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    });
    request.addEventListener("load", () => resolve({ status: request.status, answer: parsed(request.responseText) }));
    for (const failure of ["error", "abort"]) {
      request.addEventListener(failure, () => reject(signal?.aborted ? signal.reason : new Error("lost")));
    }
    request.addEventListener("loadend", () => {
      clearTimeout(stall);
      signal?.removeEventListener("abort", stop);
    });
    signal?.addEventListener("abort", stop);
    alive();
    request.send(data);
  });
}

// Waits for `time` ms, or without a time until the browser is online again; the signal's reason is thrown.
function pause(time, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      removeEventListener("online", done);
      resolve();
    };
    if (time === undefined) addEventListener("online", done);
    else setTimeout(done, time);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// The server's answer as { status, answer }. Status 0: the connection or the server failed three times. While the
// browser is offline the photo waits. `onState` hears "sending", "retrying" and "waiting".
export async function send(url, data, { onState, ...options }) {
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    onState?.("sending");
    try {
      const reply = await post(url, data, options);
      if (reply.status < 500) return reply;
    } catch {
      options.signal?.throwIfAborted();
    }
    if (!navigator.onLine) {
      onState?.("waiting");
      await pause(undefined, options.signal);
      attempt = -1;
    } else if (attempt < PAUSES.length) {
      onState?.("retrying");
      await pause(PAUSES[attempt], options.signal);
    } else {
      return { status: 0, answer: {} };
    }
  }
}
