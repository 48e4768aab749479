// Which part of the plane is seen: its middle and the zoom, and the way from the plane to the canvas and back.

const NEAREST = 400;
const FARTHEST = 0.5;
const MARGIN = 0.94; // of the canvas that the plane fills at zoom 1

/** A view of a canvas of `width` x `height` CSS pixels. */
export class View {
  constructor({ x = 0, y = 0, zoom = 1 } = {}) {
    Object.assign(this, { x, y, zoom, width: 1, height: 1 });
    this.keepIn();
  }

  /** Pixels of a unit of the plane. */
  get scale() {
    return (this.zoom * MARGIN * Math.min(this.width, this.height)) / 2;
  }

  /** Where a point of the plane is on the canvas. */
  across(x) {
    return this.width / 2 + (x - this.x) * this.scale;
  }

  down(y) {
    return this.height / 2 - (y - this.y) * this.scale;
  }

  /** What point of the plane is at a place of the canvas. */
  planeAt(across, down) {
    return { x: this.x + (across - this.width / 2) / this.scale, y: this.y - (down - this.height / 2) / this.scale };
  }

  /** [left, bottom, right, top] of what is seen, and `more` pixels around it. */
  seen(more = 0) {
    const [wide, high] = [(this.width / 2 + more) / this.scale, (this.height / 2 + more) / this.scale];
    return [this.x - wide, this.y - high, this.x + wide, this.y + high];
  }

  /** Whether a point is seen, `edge` pixels or more from the edge. */
  holds({ x, y }, edge) {
    const [left, bottom, right, top] = this.seen(-edge);
    return x > left && x < right && y > bottom && y < top;
  }

  /** Moves what is seen by pixels. */
  move(across, down) {
    this.x -= across / this.scale;
    this.y += down / this.scale;
    this.keepIn();
  }

  /** Comes nearer by a factor; what is at a place of the canvas stays there. */
  nearer(factor, across = this.width / 2, down = this.height / 2) {
    const before = this.planeAt(across, down);
    this.zoom = Math.min(Math.max(this.zoom * factor, FARTHEST), NEAREST);
    const after = this.planeAt(across, down);
    this.x += before.x - after.x;
    this.y += before.y - after.y;
    this.keepIn();
  }

  /** Nobody gets lost: the middle stays on the plane. */
  keepIn() {
    this.x = Math.min(Math.max(this.x, -1), 1);
    this.y = Math.min(Math.max(this.y, -1), 1);
    this.zoom = Math.min(Math.max(this.zoom, FARTHEST), NEAREST);
  }
}
