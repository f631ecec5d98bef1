// How a photo leaves the browser: shrunk where the browser can, sent with its progress, tried again when the line fails.

const [LONG_SIDE, QUALITY] = [2000, 0.88];
const STALLED = 60_000;
// Answers of a busy server, or of one that is being restarted: they pass, as a bad line does.
const PASSING = [408, 425, 429, 502, 503, 504];
// ms. The pause doubles from one try to the next; a server may ask for a longer one (Retry-After).
const [FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ASKED] = [1000, 20_000, 300_000];
const TRIES = 3;
export const MAX_BYTES = 10 * 1024 * 1024;
// Of a file that is too large: enough for the server to say what is wrong with it.
export const HEAD_BYTES = 1024 * 1024;
// The server's limits (registration/photo_headers.py). A photo beyond them is not made small here: the server would take with
// this script what it refuses without it.
const MAX_PIXELS = { jpeg: 50e6, png: 18e6, webp: 12e6, heif: 20e6, avif: 12e6 };
const NARROWEST = 450;

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

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));
const number = (bytes, at) => new DataView(bytes.buffer).getUint32(at);

function endsJpeg(bytes) {
  let at = 2;
  while (at < bytes.length) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return false;
    while (bytes[at] === 0xff) at += 1;
    const marker = bytes[at++];
    if (marker === 0xd9) return true;
    // No marker but a part of the pixels, or one without a length.
    if (marker > 1 && (marker < 0xd0 || marker > 0xd8)) at += Math.max(2, bytes[at] << 8 | bytes[at + 1]);
  }
  return false;
}

function endsPng(bytes) {
  for (let at = 8; at + 12 <= bytes.length; at += 12 + number(bytes, at)) {
    const name = ascii(bytes, at + 4, at + 8);
    if (name === "IEND" || name === "acTL") return name === "IEND";
  }
  return false;
}

function endsBoxes(bytes) {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const size = number(bytes, at);
    if (size < 8) return size === 0;
    at += size;
  }
  return at === bytes.length;
}

// jpeg, png, webp, heif or avif for a whole, still picture of a kind that the server takes; null for all else.
async function photoKind(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.length < 32) return null;
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return endsJpeg(bytes) ? "jpeg" : null;
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return endsPng(bytes) ? "png" : null;
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") {
    const moves = ascii(bytes, 12, 16) === "VP8X" && bytes[20] & 2;
    return !moves && new DataView(bytes.buffer).getUint32(4, true) + 8 <= bytes.length ? "webp" : null;
  }
  if (ascii(bytes, 4, 8) !== "ftyp" || !endsBoxes(bytes)) return null;
  const brands = ascii(bytes, 8, Math.min(number(bytes, 0), 256)).match(/.{4}/gs) ?? [];
  if (brands.includes("avis")) return null;
  if (brands.includes("avif")) return "avif";
  return brands.some((brand) => /^(hei|hev|mif1)/.test(brand)) ? "heif" : null;
}

// What to send of a chosen file: itself, or the same at 2,000 px. `readable` tells whether this browser can show it.
export async function shrink(file) {
  let [bitmap, readable] = [null, false];
  try {
    bitmap = await decode(file);
    readable = true;
    const { width, height } = bitmap;
    const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
    if (scale === 1 && file.size <= MAX_BYTES) return { blob: file, readable };
    const limit = MAX_PIXELS[await photoKind(file)] ?? 0;
    if (width * height > limit || Math.min(width, height) * scale < NARROWEST) return { blob: file, readable };
    const [canvas, context] = canvasOf(Math.round(width * scale), Math.round(height * scale));
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
class Lost extends Error {}
const halt = (signal) => { if (signal?.aborted) throw new Error("given up"); };

// Retry-After in ms: a number of seconds, or a date; 0 for none.
function asked(request) {
  const text = request.getResponseHeader("Retry-After") ?? "";
  const time = /^\d+$/.test(text) ? 1000 * text : Date.parse(text) - Date.now();
  return time > 0 ? Math.min(time, LONGEST_ASKED) : 0;
}

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
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      alive();
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      resolve({ status: request.status, answer: parsed(request.responseText), wait: asked(request) });
    });
    for (const failure of ["error", "abort"]) request.addEventListener(failure, () => reject(new Lost()));
    request.addEventListener("loadend", () => {
      clearTimeout(stall);
      signal?.removeEventListener("abort", stop);
    });
    signal?.addEventListener("abort", stop);
    alive();
    request.send(data);
  });
}

// Waits for `time` ms, or until the browser says that it is online again.
function pause(time, signal) {
  return new Promise((resolve, reject) => {
    const end = (settle) => () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", stop);
      settle();
    };
    const done = end(resolve);
    const stop = end(() => reject(new Error("given up")));
    const timer = setTimeout(done, time);
    addEventListener("online", done);
    signal?.addEventListener("abort", stop);
  });
}

// What stands in the way of this reply (null: no connection): "waiting", "retrying" or "busy"; "" for an answer that
// stays as it is.
function obstacle(reply) {
  if (!navigator.onLine) return reply && !PASSING.includes(reply.status) ? "" : "waiting";
  if (!reply) return "retrying";
  return PASSING.includes(reply.status) || reply.status === 500 ? "busy" : "";
}

// The server's answer as { status, answer }; status 0 after three tries without one. `patient`: a line or a server that
// is away for a while is waited for, however long that takes; only an error of the program (500) ends it after three.
// Throws when it is given up by the signal, and what this browser fails at. `onState` hears "sending", "retrying", "waiting" and "busy".
export async function send(url, data, { onState, patient, ...options }) {
  for (let [attempt, errors] = [0, 0]; ; attempt += 1) {
    halt(options.signal);
    onState?.("sending");
    const reply = await post(url, data, options).catch((error) => {
      // Anything else is no matter of the line: this browser cannot send it so.
      if (error instanceof Lost) return null;
      throw error;
    });
    halt(options.signal);
    const state = obstacle(reply);
    // 503 without a time to come back: the server has said what is wrong (its store is full), not that it is busy.
    errors += reply?.status === 500 || Boolean(reply?.status === 503 && reply.answer?.error && !reply.wait);
    if (!state || errors >= TRIES) return reply;
    if (!patient && attempt + 1 >= TRIES) return reply?.answer?.error ? reply : { status: 0, answer: {} };
    onState?.(state);
    const time = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt, 10));
    await pause(Math.max(time * (0.75 + Math.random() / 2), reply?.wait ?? 0), options.signal);
  }
}
