import { ApiError } from './api-error.ts';
import type { Engine } from './engine.ts';

export function parseJson(body: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(body));
  } catch (error) {
    throw new ApiError(
      400,
      `[{'type': 'json_invalid', 'loc': ('body', 0), 'msg': 'JSON decode error', 'ctx': {'error': '${String(error)}'}}]`,
      {
        type: 'Bad Request',
      },
    );
  }
}

/** The served name that answers; an absent one is the first. */
export function servedModel(asked: unknown, { servedNames, version }: Engine): string {
  if (asked === undefined || asked === null) return servedNames[0] ?? '';
  if (typeof asked === 'string' && servedNames.includes(asked)) return asked;
  const aliases = version === '0.32' ? ` Valid aliases: ${servedNames.join(', ')}.` : '';
  throw new ApiError(404, `The model \`${asText(asked)}\` does not exist.${aliases}`, { param: 'model' });
}

export function checkMaxTokens(asked: unknown): number | undefined {
  if (asked === undefined || asked === null) return undefined;
  if (typeof asked !== 'number' || !Number.isInteger(asked))
    throw invalid('max_tokens', 'Input should be a valid integer');
  if (asked < 1)
    throw new ApiError(
      400,
      `max_tokens must be at least 1, got ${asked}. (parameter=max_tokens, value=${asked})`,
      {
        param: 'max_tokens',
      },
    );
  return asked;
}

export function invalid(field: string, message = 'Field required'): ApiError {
  return new ApiError(400, `[{'type': 'missing', 'loc': ('body', '${field}'), 'msg': '${message}'}]`, {
    type: 'Bad Request',
  });
}

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
