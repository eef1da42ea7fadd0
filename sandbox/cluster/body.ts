import type { Ask } from './ask.ts';
import { isObject, type Json } from './json.ts';
import { badRequest } from './status.ts';

export function readBody({ body }: Ask): Json {
  const value = parseBody(body);
  if (!isObject(value)) throw badRequest('the request body is no object');
  return value;
}

export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
  }
}
