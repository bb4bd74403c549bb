// Intervals of a measured number: taken apart, put together, and a scale for them.

function intervals({ width, bins }) {
  const found = [];
  for (let n = 0, number = 0; n < bins.length; n += 5) {
    number += bins[n];
    found.push({ at: number * width, rows: bins[n + 1], low: bins[n + 2], high: bins[n + 3], mean: bins[n + 4] });
  }
  return found;
}

function joined(parts) {
  const rows = parts.reduce((sum, p) => sum + p.rows, 0);
  return {
    rows,
    low: Math.min(...parts.map((p) => p.low)),
    high: Math.max(...parts.map((p) => p.high)),
    mean: parts.reduce((sum, p) => sum + p.mean * p.rows, 0) / rows,
  };
}

function scale(low, high) {
  const span = high - low || Math.max(Math.abs(high), 1);
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 5, 10].map((f) => power * f).find((s) => s >= span / 4.5);
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}

function grouped(parts, wide) {
  const groups = new Map();
  for (const part of parts) {
    const number = Math.floor(part.at / wide);
    groups.set(number, [...(groups.get(number) ?? []), part]);
  }
  return groups;
}
