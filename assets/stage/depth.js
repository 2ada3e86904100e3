// Views of three dimensions: where points are seen from the side, and drawn from the back to the front.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { axesOf } = await at("./marks.js");
const { spritesOf } = await at("./canvas.js");

const FAR = 0.5, // opacity of the farthest point; the nearest has 1
  SMALL = 0.72, // size of the farthest; the nearest is as much above 1
  PALE = 0.1;

// A mark of three dimensions turned by `yaw` about the upright axis, then tipped by `pitch`, and laid flat: its x and y
// are what is seen, `depth` is how near it is. As distill/figures/_animation.py does, in a room of any shape.
export function seenFrom(mark, [yaw, pitch], { width, height }) {
  const { x, y, z } = mark,
    [c, s, d, t] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)],
    [wide, tall] = [Math.min(1, height / width), Math.min(1, width / height)];
  const out = { ...mark, x: new Float32Array(x.length), y: new Float32Array(x.length), depth: new Float32Array(x.length) };
  for (let i = 0; i < x.length; i++) {
    const back = c * z[i] - s * x[i];
    out.x[i] = wide * (c * x[i] + s * z[i]);
    out.y[i] = tall * (d * y[i] - t * back);
    out.depth[i] = t * y[i] + d * back;
  }
  return out;
}

// Draws the points of all `marks` together, the near ones over the far ones, and those that are not chosen pale.
export function drawDeep(brush, marks, scales, theme, ratio, chosen) {
  const points = [];
  for (const mark of marks) {
    const [sx, sy] = axesOf(mark.trace, scales),
      sprites = spritesOf(mark, theme, ratio);
    for (let i = 0; i < mark.count; i++) {
      const sprite = sprites[i],
        depth = mark.depth[i];
      if (!sprite || !Number.isFinite(depth)) continue;
      const pale = Boolean(chosen) && !chosen.has(mark.trace.customdata[i]);
      points.push({ sprite, px: sx.at(mark.x[i]), py: sy.at(mark.y[i]), depth, pale });
    }
  }
  points.sort((a, b) => b.pale - a.pale || a.depth - b.depth);
  brush.save();
  brush.setTransform(1, 0, 0, 1, 0, 0);
  for (const { sprite, px, py, depth, pale } of points) {
    const near = Math.min(1, Math.max(0, (depth + 1) / 2)),
      size = SMALL + 2 * (1 - SMALL) * near;
    brush.globalAlpha = pale ? PALE : FAR + (1 - FAR) * near;
    const { image, x, y } = sprite;
    brush.drawImage(image, px * ratio - x * size, py * ratio - y * size, image.width * size, image.height * size);
  }
  brush.restore();
}
