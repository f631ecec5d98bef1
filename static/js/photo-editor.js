// Turning a photo and cutting a portrait to 3x4. Fetched when somebody first wants it.
// The frame stands still and the picture moves under it: by touch, mouse, slider or keyboard.

const [LONG_SIDE, RATIO, QUALITY] = [2000, 3 / 4, 0.92];
const [MOST_ZOOM, LEAST_WIDTH, CUT_HEIGHT] = [5, 240, 1600];

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

function turnedSize(bitmap, turn) {
  return turn % 180 ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height];
}

// Draws the turned picture with its top left corner at the origin.
function paint(context, bitmap, turn) {
  const [width, height] = turnedSize(bitmap, turn);
  context.translate(width / 2, height / 2);
  context.rotate((turn * Math.PI) / 180);
  context.drawImage(bitmap, -bitmap.width / 2, -bitmap.height / 2);
}

// The picture turned clockwise by `turn` degrees, as a JPEG. `tools` is the module upload.js.
export async function render({ blob, turn }, tools) {
  const bitmap = await tools.decode(blob);
  const [width, height] = turnedSize(bitmap, turn);
  const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
  const [canvas, context] = tools.canvasOf(Math.round(width * scale), Math.round(height * scale));
  context.scale(scale, scale);
  paint(context, bitmap, turn);
  bitmap.close();
  return tools.jpeg(canvas, QUALITY);
}

class Cropper {
  constructor(dialog, bitmap, turn) {
    Object.assign(this, { dialog, bitmap, turn, pointers: new Map() });
    const part = (name) => dialog.querySelector(`[data-${name}]`);
    [this.stage, this.frame, this.slider] = [part("stage"), part("frame"), part("zoom")];
    this.canvas = this.stage.querySelector("canvas");
    part("turn-left").addEventListener("click", () => this.rotate(270));
    part("turn-right").addEventListener("click", () => this.rotate(90));
    this.slider.addEventListener("input", () => this.zoomTo(this.most ** (this.slider.value / 100)));
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, (event) => this.up(event));
    this.observer = new ResizeObserver(() => this.measure());
    this.centre();
    this.observer.observe(this.stage);
  }

  // The whole width or height of the picture in the frame; a face stands a little above the middle.
  centre() {
    [this.width, this.height] = turnedSize(this.bitmap, this.turn);
    [this.x, this.y, this.zoom] = [this.width / 2, this.height * 0.46, 1];
    const widest = Math.min(this.width, this.height * RATIO);
    this.most = clamp(widest / LEAST_WIDTH, 1, MOST_ZOOM);
    this.slider.disabled = this.most === 1;
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const dots = Math.min(devicePixelRatio || 1, 2);
    Object.assign(this.canvas, { width: width * dots, height: height * dots });
    Object.assign(this, { dots, across: this.frame.clientWidth, tall: this.frame.clientHeight });
    this.draw();
  }

  // CSS pixels for one pixel of the picture.
  get scale() { return Math.max(this.across / this.width, this.tall / this.height) * this.zoom; }

  draw() {
    const [halfX, halfY] = [this.across / this.scale / 2, this.tall / this.scale / 2];
    this.x = clamp(this.x, halfX, this.width - halfX);
    this.y = clamp(this.y, halfY, this.height - halfY);
    this.slider.value = this.most > 1 ? (100 * Math.log(this.zoom)) / Math.log(this.most) : 0;
    const context = this.canvas.getContext("2d");
    const scale = this.scale * this.dots;
    context.resetTransform();
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.translate(this.canvas.width / 2, this.canvas.height / 2);
    context.scale(scale, scale);
    context.translate(-this.x, -this.y);
    context.imageSmoothingQuality = "high";
    paint(context, this.bitmap, this.turn);
  }

  rotate(by) {
    this.turn = (this.turn + by) % 360;
    this.centre();
    this.draw();
  }

  zoomTo(zoom) {
    this.zoom = clamp(zoom, 1, this.most);
    this.draw();
  }

  // By CSS pixels, in the direction in which the frame goes.
  shift(x, y) {
    this.x += x / this.scale;
    this.y += y / this.scale;
    this.draw();
  }

  key(event) {
    const step = this.across / 12;
    const act = {
      ArrowLeft: () => this.shift(-step, 0), ArrowRight: () => this.shift(step, 0),
      ArrowUp: () => this.shift(0, -step), ArrowDown: () => this.shift(0, step),
      "+": () => this.zoomTo(this.zoom * 1.12), "=": () => this.zoomTo(this.zoom * 1.12),
      "-": () => this.zoomTo(this.zoom / 1.12), _: () => this.zoomTo(this.zoom / 1.12),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  wheel(event) {
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY / 500));
  }

  down(event) {
    this.stage.setPointerCapture(event.pointerId);
    if (!this.pointers.size) this.moved = 0;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  // Where the fingers are in the middle, and how far apart.
  grip() {
    const points = [...this.pointers.values()];
    const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    return [...middle, points.length > 1 ? Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]) : 0];
  }

  move(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const [x, y, apart] = this.grip();
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const [newX, newY, newApart] = this.grip();
    this.moved += Math.hypot(newX - x, newY - y) + Math.abs(newApart - apart);
    if (apart) this.zoom = clamp((this.zoom * newApart) / apart, 1, this.most);
    this.shift(x - newX, y - newY);
  }

  // A touch without a movement brings that place to the middle: nobody has to be able to drag.
  up(event) {
    const last = this.pointers.delete(event.pointerId) && !this.pointers.size;
    if (!last || event.type !== "pointerup" || this.moved > 8) return;
    const box = this.stage.getBoundingClientRect();
    this.shift(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
  }

  // What is in the frame, in its own pixels: never enlarged.
  cut(tools) {
    const height = 4 * Math.floor(Math.min(CUT_HEIGHT, this.tall / this.scale) / 4);
    const [canvas, context] = tools.canvasOf(height * RATIO, height);
    const scale = height / (this.tall / this.scale);
    context.translate(canvas.width / 2, canvas.height / 2);
    context.scale(scale, scale);
    context.translate(-this.x, -this.y);
    paint(context, this.bitmap, this.turn);
    return tools.jpeg(canvas, QUALITY);
  }
}

// Opens `dialog` on a picture. Resolves to { blob, turn } of what was cut, or to null if nothing was.
export async function crop({ blob, turn }, dialog, tools) {
  const bitmap = await tools.decode(blob);
  document.body.append(dialog);
  dialog.showModal();
  const cropper = new Cropper(dialog, bitmap, turn);
  try {
    return await new Promise((resolve, reject) => {
      dialog.addEventListener("close", () => resolve(null));
      dialog.querySelector("[data-dismiss]").addEventListener("click", () => dialog.close());
      dialog.querySelector("[data-use]").addEventListener("click", () => {
        cropper.cut(tools).then((cut) => resolve({ blob: cut, turn: cropper.turn }), reject);
      });
    });
  } finally {
    cropper.observer.disconnect();
    dialog.close();
    dialog.remove();
    bitmap.close();
  }
}
