import { comparePaths, type FieldSet, pathText, shared } from './field-set.ts';
import type { Manager } from './managers.ts';
import { StatusError } from './status.ts';

/** 409 when an apply would change fields of others, with every field and its owner. */
export function refuseConflicts(others: readonly Manager[], changed: FieldSet): void {
  const conflicts = others.flatMap((entry) =>
    [...shared(entry.fields, changed).values()]
      .sort(comparePaths)
      .map((path) => ({ who: nameOf(entry), path: pathText(path) })),
  );
  const [first] = conflicts;
  if (first === undefined) return;
  const managers = [...new Set(conflicts.map(({ who }) => who))].sort();
  const lines = managers.flatMap((who) => [
    `conflicts with ${who}:`,
    ...conflicts.filter((one) => one.who === who).map(({ path }) => `- ${path}`),
  ]);
  const text =
    conflicts.length === 1
      ? `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`
      : `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
  const causes = conflicts.map(({ who, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field: path,
  }));
  throw new StatusError(409, 'Conflict', text, { details: { causes } });
}

function nameOf({ manager, operation, apiVersion, subresource }: Manager): string {
  const name =
    JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Apply' ? name : `${name} using ${apiVersion}`;
}
