// One photo of the declaration: chosen, sent, shown as the server stored it, turned, cropped, removed.
// A file stays in its input until it is stored: if all of this fails, the form still sends it.

export class PhotoField {
  // `page` is what photos.js shares: form, tools (upload.js), ask, load.
  constructor(view, page) {
    const { root, input, kind, texts } = view;
    Object.assign(this, { view, page, root, input, kind, texts, changes: 0 });
    this.listen();
    // Chosen while this module was still on its way.
    if (input.files.length) this.choose(input.files[0]);
  }

  listen() {
    const act = {
      camera: () => this.openCamera(), cancel: () => this.cancel(), retry: () => this.again(),
      rotate: () => this.rotate(), crop: () => this.crop(), remove: () => this.remove(),
    };
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const name = button && Object.keys(act).find((each) => each in button.dataset);
      if (!name) return;
      event.preventDefault();
      act[name]();
    });
    this.input.addEventListener("change", () => this.input.files[0] && this.choose(this.input.files[0]));
    // Only the camera button asks for the camera.
    this.input.addEventListener("click", () => this.byCamera || this.input.removeAttribute("capture"));
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.root.addEventListener(type, (event) => this.drag(event));
    }
  }

  openCamera() {
    this.input.setAttribute("capture", this.kind === "portrait" ? "user" : "environment");
    this.byCamera = true;
    this.input.click();
    this.byCamera = false;
  }

  drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.view.drop.classList.toggle("photo-drop--over", event.type === "dragenter" || event.type === "dragover");
    const { files } = event.dataTransfer;
    if (event.type !== "drop" || !files.length) return;
    this.input.files = files;
    this.choose(files[0]);
  }

  choose(file) {
    this.run(async () => {
      const { blob, readable } = await this.page.tools.shrink(file);
      const picture = { blob, turn: 0 };
      return { blob, kept: readable ? { full: picture, shown: picture } : null };
    });
  }

  // One photo on its way. `prepare` makes what is sent, and what is remembered of it for turning and cropping.
  run(prepare) {
    this.job?.abort();
    const job = this.job = new AbortController();
    this.changes += 1;
    this.again = () => this.run(prepare);
    this.state = "";
    this.goesAlong = false;
    this.view.clearError();
    this.view.showProgress(this.texts.preparing);
    this.running = this.deliver(job, prepare);
  }

  async deliver(job, prepare) {
    let done = false;
    try {
      const { blob, kept } = await prepare();
      if (job.signal.aborted) return;
      if (kept) this.view.preview(blob);
      const reply = await this.send(job, blob);
      if (job.signal.aborted) return;
      done = reply.status === 201;
      if (done) this.store(reply.answer, kept);
      else this.refuse(reply);
    } catch {
      // Not even sent: a file that is still chosen goes with the form.
      const { together, uneditable } = this.texts;
      this.goesAlong = this.input.files.length > 0;
      if (!job.signal.aborted) this.refuse({ status: 0 }, this.goesAlong ? together : uneditable);
    } finally {
      if (this.job === job) this.settle(done);
    }
  }

  send(job, blob) {
    const { MAX_BYTES, HEAD_BYTES } = this.page.tools;
    // The server says what is wrong with a file that is too large; for that its beginning and its size are enough.
    const [photo, size] = blob.size > MAX_BYTES ? [blob.slice(0, HEAD_BYTES), blob.size] : [blob, ""];
    const mine = (show) => (what) => { if (this.job === job) show(what); };
    const { ask, form } = this.page;
    const page = form.elements.namedItem("page")?.value ?? "";
    return ask(form.dataset.uploadUrl, { kind: this.kind, page, photo, size }, {
      patient: true,
      signal: job.signal,
      onProgress: mine((share) => this.view.showShare(share)),
      onState: mine((state) => this.showState(state)),
    });
  }

  // The form hears, too: its button says what it waits for.
  showState(state) {
    this.state = state;
    this.view.showState(state);
    this.tell("photo-state", { kind: this.kind, state });
  }

  settle(done) {
    if (!done) this.kept = null;
    this.job = null;
    this.tell("photo-settled", { kind: this.kind });
    this.view.hideProgress();
  }

  cancel() {
    this.job?.abort();
    this.settle(false);
    this.input.value = "";
    this.view.sayName(this.texts.cancelled);
  }

  store(photo, kept) {
    this.kept = kept;
    this.changes += 1;
    this.input.value = "";
    this.view.clearError();
    this.view.show(photo);
    this.tell("photo-stored", { kind: this.kind, stored: true });
    if (photo.card) this.tell("card-read", photo.card);
  }

  clear() {
    this.kept = null;
    this.changes += 1;
    this.view.clear();
    this.tell("photo-stored", { kind: this.kind, stored: false });
  }

  tell(type, detail) { this.root.dispatchEvent(new CustomEvent(type, { bubbles: true, detail })); }

  refuse({ status, answer }, text = this.texts.lost) {
    const { large, failed } = this.texts;
    const final = [409, 413, 422].includes(status);
    if (final) this.input.value = "";
    this.view.showError(answer?.error ?? { 0: text, 413: large }[status] ?? failed, !final);
  }

  // What the server has, seen while the phone sends. Whatever changed here since it was asked for is newer.
  receive(photo, changes) {
    if (this.job || this.changes !== changes || (photo?.token ?? "") === this.view.token) return;
    if (photo) this.store(photo, null);
    else this.clear();
  }

  // For turning and cropping: the editor, and the best picture at hand, chosen here or the server's.
  async editor() {
    const { load, form } = this.page;
    const editor = await load(form.dataset.editorSrc);
    if (this.kept) return editor;
    const reply = await fetch(this.view.source);
    if (!reply.ok) throw new Error(String(reply.status));
    const picture = { blob: await reply.blob(), turn: 0 };
    this.kept ??= { full: picture, shown: picture };
    return editor;
  }

  rotate() {
    const turned = (picture) => ({ ...picture, turn: (picture.turn + 90) % 360 });
    this.run(async () => {
      const editor = await this.editor();
      const kept = this.kept = { full: turned(this.kept.full), shown: turned(this.kept.shown) };
      return { blob: await editor.render(kept.shown, this.page.tools), kept };
    });
  }

  async crop() {
    try {
      const editor = await this.editor();
      const { blob } = this.kept.full;
      const cut = await editor.crop(this.kept.full, this.view.part("editor"), this.page.tools);
      const kept = cut && { full: { blob, turn: cut.turn }, shown: { blob: cut.blob, turn: 0 } };
      if (cut) this.run(async () => ({ blob: cut.blob, kept }));
    } catch {
      this.again = () => this.crop();
      this.refuse({ status: 0 }, this.texts.uneditable);
    }
  }

  async remove() {
    this.job?.abort();
    this.again = () => this.remove();
    const reply = await this.page.ask(this.page.form.dataset.removeUrl, { kind: this.kind, shown: this.view.token });
    if (reply.status !== 204) return void this.refuse(reply);
    this.view.clearError();
    this.clear();
    this.input.focus();
  }
}
