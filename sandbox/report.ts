import type { PipelineEnd } from './tekton.ts';

/** What a run came to: a row a task, the results, and where the objects lie. */
export function reportRun(end: PipelineEnd, objects: readonly StoredObject[], place: string): string {
  const rows = end.tasks.map(({ name, status, reason, seconds, attempts, results }) => [
    name,
    status === 'None' ? reason : (results.get('outcome') ?? reason),
    seconds > 0 ? seconds.toFixed(1) : '',
    attempts > 1 ? `${attempts} attempts` : '',
  ]);
  return [
    ...columns([['TASK', 'OUTCOME', 'SECONDS', ''], ...rows]),
    '',
    ...columns([['RESULT', 'VALUE'], ...end.results]),
    '',
    `OBJECTS in ${place}`,
    ...columns(objects.map(({ key, size }) => [`  ${key}`, size.toLocaleString('en')])),
    '',
    `PipelineRun: ${end.status}`,
    '',
  ].join('\n');
}

interface StoredObject {
  readonly key: string;
  readonly size: number;
}

/** Lines with the cells of each column below each other. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
