import { at, isObject, type Json, listAt, same, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Mistake } from './status.ts';

/** What single kinds ask for beyond their shape. */
export function ruleMistakes(object: Json, old: unknown, { kind }: Kind): Mistake[] {
  switch (kind) {
    case 'Secret':
      return [...keyMistakes(object), ...frozenMistakes(object, old), ...fixed('type', object, old)];
    case 'ConfigMap':
      return [...keyMistakes(object), ...frozenMistakes(object, old)];
    case 'Lease':
      return [
        ...atLeast(object, 'leaseDurationSeconds', 1, 'must be greater than 0'),
        ...atLeast(object, 'leaseTransitions', 0, 'must be greater than or equal to 0'),
      ];
    case 'Deployment':
      return selectorMistakes(object);
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return roleRefMistakes(object, old);
    case 'Event':
      return eventMistakes(object);
    default:
      return [];
  }
}

const wrong = (field: string, value: unknown, why: string): Mistake => ({
  field,
  reason: 'FieldValueInvalid',
  text: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

function keyMistakes(object: Json): Mistake[] {
  const shape = '[-._a-zA-Z0-9]+';
  const why = `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${shape}')`;
  return ['data', 'binaryData'].flatMap((field) => {
    const values = object[field];
    return Object.keys(isObject(values) ? values : {})
      .filter((key) => !new RegExp(`^${shape}$`).test(key))
      .map((key) => wrong(`${field}[${key}]`, key, why));
  });
}

function frozenMistakes(object: Json, old: unknown): Mistake[] {
  if (at(old, 'immutable') !== true) return [];
  const text = 'Forbidden: field is immutable when `immutable` is set';
  const changed = [
    ...(object['immutable'] === true ? [] : ['immutable']),
    ...['data', 'binaryData'].filter((field) => !same(object[field] ?? {}, at(old, field) ?? {})),
  ];
  return changed.map((field) => ({ field, reason: 'FieldValueForbidden', text }));
}

function fixed(field: string, object: Json, old: unknown): Mistake[] {
  const before = at(old, field);
  if (before === undefined || same(before, object[field])) return [];
  return [wrong(field, object[field], 'field is immutable')];
}

function atLeast(object: Json, field: string, least: number, why: string): Mistake[] {
  const value = at(object, 'spec', field);
  return typeof value === 'number' && value < least ? [wrong(`spec.${field}`, value, why)] : [];
}

function selectorMistakes(object: Json): Mistake[] {
  const wanted = at(object, 'spec', 'selector', 'matchLabels');
  const labels = at(object, 'spec', 'template', 'metadata', 'labels') ?? null;
  const matches = Object.entries(isObject(wanted) ? wanted : {}).every(
    ([key, value]) => at(labels, key) === value,
  );
  const containers = listAt(object, 'spec', 'template', 'spec', 'containers');
  return [
    ...(matches && labels !== null
      ? []
      : [wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]),
    ...(containers.length > 0
      ? []
      : [
          {
            field: 'spec.template.spec.containers',
            reason: 'FieldValueRequired',
            text: 'Required value',
          } as const,
        ]),
  ];
}

function roleRefMistakes(object: Json, old: unknown): Mistake[] {
  const before = at(old, 'roleRef');
  if (before === undefined || same(before, object['roleRef'])) return [];
  const ref = (name: string) => textAt(object, 'roleRef', name) ?? '';
  const shown = { APIGroup: ref('apiGroup'), Kind: ref('kind'), Name: ref('name') };
  return [wrong('roleRef', shown, 'cannot change roleRef')];
}

function eventMistakes(object: Json): Mistake[] {
  const about = textAt(object, 'involvedObject', 'namespace') ?? 'default';
  if (about === textAt(object, 'metadata', 'namespace')) return [];
  return [wrong('involvedObject.namespace', about, 'does not match event.namespace')];
}
