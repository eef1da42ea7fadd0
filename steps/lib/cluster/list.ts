import type { KubeObject, ListQuery } from '../cluster.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Asked } from './asking.ts';
import type { Reply } from './caller.ts';
import { explainAnswer } from './explain.ts';

const pageSize = '250';

type AskPage = (query: Readonly<Record<string, string>>) => Promise<Asked>;

/** All pages; from the start again when the server has forgotten where we were. */
export async function listAll<T extends KubeObject>(query: ListQuery, ask: AskPage): Promise<T[]> {
  const { labelSelector, fieldSelector } = query;
  const selection = {
    limit: pageSize,
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
  const items: T[] = [];
  let restarts = 0;
  for (let next = ''; ;) {
    const { subject, reply } = await ask({ ...selection, ...(next !== '' && { continue: next }) });
    if (reply.status === 410 && next !== '' && restarts < 3) {
      restarts += 1;
      items.length = 0;
      next = '';
      continue;
    }
    const page = readPage(reply, query);
    if (page === undefined) throw explainAnswer(reply, subject);
    items.push(...(page.items as T[]));
    if (page.next === '') return items;
    next = page.next;
  }
}

/** The kind is put back: items of built-in kinds come without. */
function readPage(reply: Reply, { apiVersion, kind }: ListQuery) {
  const body = parseJson(reply.text);
  if (reply.status !== 200 || !isRecord(body) || !Array.isArray(body['items'])) return undefined;
  const metadata = isRecord(body['metadata']) ? body['metadata'] : {};
  const token = metadata['continue'];
  return {
    items: body['items'].map((item: object) => ({ apiVersion, kind, ...item }) as KubeObject),
    next: typeof token === 'string' ? token : '',
  };
}
