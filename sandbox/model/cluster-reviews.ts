import { request } from 'node:https';
import type { Reviews, User } from './access.ts';

export interface ClusterReviewsOptions {
  /** `https://host:port` of the API server. */
  readonly server: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  /** Read for every question: the kubelet renews it. Its account needs `system:auth-delegator`. */
  readonly token: () => Promise<string>;
  readonly service: { readonly namespace: string; readonly name: string };
}

/** The reviews of a real API server, or of the sandbox's. */
export function clusterReviews(options: ClusterReviewsOptions): Reviews {
  return {
    reviewToken: async (token) => {
      const { status } = (await ask(options, 'authentication.k8s.io', {
        kind: 'TokenReview',
        spec: { token },
      })) as { status?: { authenticated?: boolean; user?: User } };
      return status?.authenticated === true ? status.user : undefined;
    },
    mayGet: async ({ username, groups, uid }) => {
      const { namespace, name } = options.service;
      const { status } = (await ask(options, 'authorization.k8s.io', {
        kind: 'SubjectAccessReview',
        spec: {
          user: username,
          ...(groups && { groups }),
          ...(uid !== undefined && { uid }),
          resourceAttributes: {
            namespace,
            name,
            verb: 'get',
            group: 'serving.kserve.io',
            version: 'v1beta1',
            resource: 'inferenceservices',
          },
        },
      })) as { status?: { allowed?: boolean } };
      return status?.allowed === true;
    },
  };
}

async function ask(
  { server, ca, token }: ClusterReviewsOptions,
  group: string,
  review: { kind: string; spec: unknown },
): Promise<unknown> {
  const path = `/apis/${group}/v1/${review.kind.toLowerCase()}s`;
  const body = JSON.stringify({ apiVersion: `${group}/v1`, metadata: {}, ...review });
  const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' };
  const { code, text } = await new Promise<{ code: number | undefined; text: string }>((resolve, reject) => {
    const call = request(
      new URL(path, server),
      { method: 'POST', ca, headers, timeout: 10_000 },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece: string) => (text += piece));
        answer.on('end', () => resolve({ code: answer.statusCode, text }));
        answer.on('error', reject);
      },
    );
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error(`${path}: no answer in 10 s`)));
    call.end(body);
  });
  if (code !== 201 && code !== 200) throw new Error(`${review.kind}: ${code} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}
