// How tiles of one shape fill a space best. Pure.

const shape = 16 / 9;

/** Columns and width of a tile, pixels, for `count` tiles in a space with gaps. */
export function bestGrid(
  count: number,
  width: number,
  height: number,
  gap: number,
): { columns: number; tile: number } {
  let best = { columns: 1, tile: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * shape;
    const tile = Math.floor(Math.min(byWidth, byHeight));
    if (tile > best.tile) best = { columns, tile };
  }
  return best;
}
