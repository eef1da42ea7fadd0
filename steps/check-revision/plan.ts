/** What the record says of revisions. */
export interface KnownRevisions {
  readonly candidate?: { readonly run: string };
  readonly promoted?: { readonly revision: string };
  readonly failed: readonly { readonly revision: string }[];
}

/** Why nobody has to be told of a commit; undefined when it is news. A candidate is news: its run may have died. */
export function knownAs(commit: string, record: KnownRevisions | undefined): string | undefined {
  if (record?.promoted?.revision === commit) return 'is the promoted revision';
  if (record?.failed.some(({ revision }) => revision === commit)) return 'failed before';
  return undefined;
}

/**
 * What the Hub sends when a branch moves (Hub docs, "Webhooks", version 3 of the payload), as far as the EventListener
 * reads it. A further attempt is a word of our own, which gives its run another name.
 */
export function describePush(model: string, branch: string, commit: string, attempt = 1) {
  return {
    event: { action: 'update', scope: 'repo.content' },
    repo: { type: 'model', name: model, headSha: commit },
    updatedRefs: [{ ref: `refs/heads/${branch}`, oldSha: null, newSha: commit }],
    webhook: { version: 3 },
    ...(attempt > 1 && { attempt: String(attempt) }),
  };
}
