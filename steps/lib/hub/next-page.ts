import { type AnswerHeaders, readHeaders } from './headers.ts';
import type { Asked } from './refusal.ts';

/** The package reads absolute addresses only and would take a relative next page for the end of the listing. */
export function withNextPage(headers: AnswerHeaders, url: URL, about: Tree): AnswerHeaders {
  const link = headers.get('link');
  const [, next] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '') ?? [];
  const page = next === undefined ? undefined : nextPage(new URL(next, url), url, about);
  return readHeaders(page === undefined ? [] : ['link', `<${page.href}>; rel="next"`]);
}

type Tree = Pick<Asked, 'model' | 'revision'>;

/**
 * A mirror may pass the Link of the Hub on as it is, for the same listing at https://huggingface.co: only its query, the
 * cursor, is taken over, so that every page comes from where the first one did.
 */
function nextPage(link: URL, url: URL, { model, revision }: Tree): URL {
  if (!link.pathname.endsWith(`/api/models/${model}/tree/${revision}`)) return link;
  const page = new URL(url);
  page.search = link.search;
  return page;
}
