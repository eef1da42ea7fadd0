import { at, isObject, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Mistake } from './status.ts';

const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const labelValue = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';

/** What the API server refuses about names and labels, in its own words. */
export function metadataMistakes(metadata: unknown, kind: Kind): Mistake[] {
  return [...nameMistakes(textAt(metadata, 'name') ?? '', kind), ...labelMistakes(at(metadata, 'labels'))];
}

function nameMistakes(name: string, { group }: Kind): Mistake[] {
  if (name === '') {
    return [
      {
        field: 'metadata.name',
        reason: 'FieldValueRequired',
        text: 'Required value: name or generateName is required',
      },
    ];
  }
  const wrong = (why: string): Mistake => ({
    field: 'metadata.name',
    reason: 'FieldValueInvalid',
    text: `Invalid value: ${JSON.stringify(name)}: ${why}`,
  });
  // Roles may be called anything that fits into a path.
  if (group === 'rbac.authorization.k8s.io') {
    return ['/', '%'].filter((c) => name.includes(c)).map((c) => wrong(`may not contain '${c}'`));
  }
  if (name.length > 253) return [wrong('must be no more than 253 characters')];
  if (new RegExp(`^${subdomain}$`).test(name)) return [];
  return [
    wrong(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
    ),
  ];
}

function labelMistakes(labels: unknown): Mistake[] {
  return Object.values(isObject(labels) ? labels : {}).flatMap((value): Mistake[] => {
    const text = String(value);
    const wrong = (why: string): Mistake => ({
      field: 'metadata.labels',
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${JSON.stringify(text)}: ${why}`,
    });
    if (text.length > 63) return [wrong('must be no more than 63 characters')];
    if (new RegExp(`^${labelValue}$`).test(text)) return [];
    return [
      wrong(
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${labelValue}')`,
      ),
    ];
  });
}
