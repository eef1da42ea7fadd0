import type { Answer, Request } from './exchange.ts';

const longest = 400;

/** One line of at most 400 characters: the middle of what is longer is left out, a value more than the reason behind it. */
export function quoteShort(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ').trim();
  if (line.length <= longest) return line;
  const values = line.replace(/(Invalid value: )([\s\S]{80})[\s\S]*(: [^:]{1,200})$/, '$1$2…$3');
  if (values.length <= longest) return values;
  return `${line.slice(0, longest - 120)} … ${line.slice(-110)}`;
}

/** `Kubernetes API, 403 to PATCH /apis/…`, without the query. */
export function sourceOf({ status }: Pick<Answer, 'status'>, { method, path }: Request): string {
  return `Kubernetes API, ${status} to ${method} ${path.split('?')[0] ?? path}`;
}
