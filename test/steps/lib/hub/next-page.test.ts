import { expect, test } from 'vitest';
import { readHeaders } from '../../../../steps/lib/hub/headers.ts';
import { withNextPage } from '../../../../steps/lib/hub/next-page.ts';

const tree = '/api/models/o/n/tree/main';
const about = { model: 'o/n', revision: 'main' };
const here = new URL(`https://mirror.example.com/hf${tree}?recursive=true`);

test.each([
  ['none', undefined, null],
  ['one before', `<${here.origin}/hf${tree}?cursor=a>; rel="prev"`, null],
  ['its own', `<${here.origin}/hf${tree}?cursor=a>; rel="next"`, `${here.origin}/hf${tree}?cursor=a`],
  ['a relative one', `<${tree}?cursor=a>; rel=next`, `${here.origin}/hf${tree}?cursor=a`],
  ["the Hub's", `<https://huggingface.co${tree}?cursor=a>; rel="next"`, `${here.origin}/hf${tree}?cursor=a`],
  [
    'that of another listing',
    `<https://huggingface.co/api/models/x/y/tree/main?a=1>; rel="next"`,
    'https://huggingface.co/api/models/x/y/tree/main?a=1',
  ],
])('the next page is %s', (_title, link, next) => {
  const headers = readHeaders(link === undefined ? ['etag', '"1"'] : ['link', link]);
  expect(withNextPage(headers, here, about).get('link')).toBe(next && `<${next}>; rel="next"`);
});
