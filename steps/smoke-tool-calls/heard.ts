import type { Finding } from './judge.ts';
import { readReply, type Reply } from './reply.ts';
import { readStream } from './stream.ts';

/** What came back on one question. */
export type Heard =
  | { readonly kind: 'body'; readonly body: unknown }
  | { readonly kind: 'chunks'; readonly chunks: readonly unknown[] }
  /** An error of the server's own, as a status or in the middle of a stream. */
  | { readonly kind: 'refusal'; readonly status: number; readonly message: string }
  /** The connection ended in the middle of every answer. */
  | { readonly kind: 'cut'; readonly message: string };

export type Understood =
  | { readonly reply: Reply; /** To be named when the reply itself is right. */ readonly fault?: Finding }
  | { readonly reply?: undefined; readonly fault: Finding };

/** The reply in what came back, or why there is none. */
export function understand(heard: Heard): Understood {
  if (heard.kind === 'refusal') {
    const code = heard.status >= 500 ? 'SERVER_ERROR' : 'REJECTED';
    return { fault: { code, seen: `${heard.status} ${heard.message}` } };
  }
  if (heard.kind === 'cut') return { fault: { code: 'SERVER_ERROR', seen: heard.message } };
  return heard.kind === 'body' ? understandBody(heard.body) : understandChunks(heard.chunks);
}

function understandBody(body: unknown): Understood {
  const reply = readReply(body);
  return reply ? { reply } : { fault: { code: 'NOT_OPENAI', seen: `body: ${excerpt(body)}` } };
}

function understandChunks(chunks: readonly unknown[]): Understood {
  const { reply, faults } = readStream(chunks);
  if (!reply) {
    return {
      fault: {
        code: 'NOT_OPENAI',
        seen: `a stream of ${chunks.length} chunks without a choice: ${excerpt(chunks)}`,
      },
    };
  }
  if (reply.finish === '') {
    return {
      fault: {
        code: 'STREAM_ENDED',
        seen: `the stream ended without a finish_reason after ${excerpt(reply)}`,
      },
    };
  }
  const [fault] = faults;
  return fault === undefined ? { reply } : { reply, fault: { code: 'STREAM_PROTOCOL', seen: fault } };
}

function excerpt(value: unknown): string {
  const words = JSON.stringify(value) ?? String(value);
  return words.length > 200 ? `${words.slice(0, 200)}…` : words;
}
