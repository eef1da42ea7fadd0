import { check } from './check.ts';
import type { Json } from './json.ts';
import { StatusError } from './status.ts';
import type { Write } from './write.ts';

/** Server-side apply needs a schema for every field. The real server answers so too: 500 without a reason, though nothing is wrong with it. */
export function requireTyped(body: Json, { kind, namespace, name }: Write): void {
  const { unknown, mistakes } = check(body, kind.schema);
  const types = mistakes.filter(({ reason }) => reason === 'FieldValueTypeInvalid');
  const [wrong] = [
    ...unknown.map((field) => `.${field}: field not declared in schema`),
    ...types.map(({ field, text }) => `.${field}: ${expectation(text)}`),
  ];
  if (wrong === undefined) return;
  const which = `${kind.namespaced ? `${namespace}/` : ''}${name}; ${kind.apiVersion}, Kind=${kind.kind}`;
  throw new StatusError(500, '', `failed to create typed patch object (${which}): ${wrong}`);
}

function expectation(text: string): string {
  const [, wanted, given] = /of type ([\w,]+): "(\w+)"$/.exec(text) ?? [];
  return `expected ${wanted}, got ${given}`;
}
