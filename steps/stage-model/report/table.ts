import { type Action, leftovers } from '../plan.ts';
import { formatBytes } from './progress.ts';
import type { Selection } from '../policy/select.ts';

/** What a run would do, a line each: action, size, path and why. */
export function renderTable(
  actions: readonly Action[],
  ignored: Selection['ignored'],
  listed: readonly string[],
): string[] {
  const rows = [
    ...actions.map(({ kind, file, why }) => [kind, formatBytes(file.size), file.path, why]),
    ...ignored.map(({ file, why }) => ['ignore', formatBytes(file.size), file.path, why]),
    ...leftovers(
      listed,
      actions.map(({ file }) => file),
    ).map((key) => ['remove', '', key, 'nobody wants it there']),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(([kind = '', size = '', path = '', why = '']) =>
    [kind.padEnd(widths[0] ?? 0), size.padStart(widths[1] ?? 0), path.padEnd(widths[2] ?? 0), why].join('  '),
  );
}
