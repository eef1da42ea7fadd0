import type { Cluster, KubeObject } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import type { ServiceAccount } from '../lib/service-account.ts';
import { anchorName, checkIssued, nextSlots, type Slot } from './plan.ts';

interface IssueWorld {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'delete' | 'createToken'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Issued {
  readonly token: string;
  readonly slot: Slot;
  readonly issued: Date;
  readonly expires: Date;
}

/** A token of the account, bound to a fresh anchor Secret: deleting that revokes the token, and only that one. Checked, not yet proved. */
export async function issueToken(
  account: ServiceAccount,
  {
    current,
    lifetimeMs,
    minLifetimeMs,
  }: { current: Slot | undefined; lifetimeMs: number; minLifetimeMs: number },
  world: IssueWorld,
): Promise<Issued> {
  const { cluster, clock, log, signal } = world;
  const owner = await findAccount(account, world);
  const { slot, uid } = await createAnchor(account, owner, current, world);
  const name = anchorName(account, slot);
  try {
    const issued = new Date(clock.now());
    const { token, expires } = await cluster.createToken(
      {
        namespace: account.namespace,
        serviceAccount: account.name,
        expirationSeconds: Math.ceil(lifetimeMs / 1000),
        boundObject: { apiVersion: 'v1', kind: 'Secret', name, uid },
      },
      signal,
    );
    log.secret(token);
    const problems = checkIssued(token, { account, anchorUid: uid, now: clock.now(), minLifetimeMs });
    if (problems.length > 0) throw unusable(account, problems);
    log.info('issued a token', { anchor: name, expires: expires.toISOString() });
    return { token, slot, issued, expires };
  } catch (error) {
    await revoke(account, slot, world);
    throw error;
  }
}

/** Deletes the anchor of a slot; not being there is as good. A failure is no more than a warning: the next run sees to it. */
export async function revoke(
  account: ServiceAccount,
  slot: Slot,
  { cluster, log }: Pick<IssueWorld, 'cluster' | 'log'>,
): Promise<void> {
  const name = anchorName(account, slot);
  try {
    // Not the caller's signal: a run that is stopped still cleans up behind itself.
    const deleted = await cluster.delete(anchorRef(account, slot), { signal: AbortSignal.timeout(15_000) });
    if (deleted) log.info('revoked a token', { anchor: name });
  } catch (error) {
    log.warn('could not delete an anchor', { anchor: name, error: String(error) });
  }
}

async function findAccount(
  { namespace, name }: ServiceAccount,
  { cluster, signal }: IssueWorld,
): Promise<KubeObject> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name }, signal);
  if (found) return found;
  throw new StepError('refused', `there is no ServiceAccount ${namespace}/${name}`, {
    evidence: ['the installation ships it with its Role; an account of another name must be made by hand'],
    hint: `oc create serviceaccount ${name} -n ${namespace}`,
  });
}

/** Takes a free slot; where all are taken, the one that was used the longest time ago. */
async function createAnchor(
  account: ServiceAccount,
  owner: KubeObject,
  current: Slot | undefined,
  world: IssueWorld,
) {
  const candidates = nextSlots(current);
  for (const slot of candidates) {
    const uid = await tryCreate(account, owner, slot, world);
    if (uid !== undefined) return { slot, uid };
  }
  const [oldest = 1] = candidates;
  await world.cluster.delete(anchorRef(account, oldest), { signal: world.signal });
  const uid = await tryCreate(account, owner, oldest, world);
  if (uid !== undefined) return { slot: oldest, uid };
  throw new StepError('unavailable', `the Secret ${anchorName(account, oldest)} was made by somebody else`, {
    hint: `oc get secret ${anchorName(account, oldest)} -n ${account.namespace} -o yaml --show-managed-fields   (who made it?)`,
  });
}

async function tryCreate(
  account: ServiceAccount,
  owner: KubeObject,
  slot: Slot,
  { cluster, signal }: IssueWorld,
) {
  const { apiVersion, kind, name, namespace } = anchorRef(account, slot);
  const made = await cluster.create(
    {
      apiVersion,
      kind,
      metadata: {
        name,
        namespace,
        labels: { 'app.kubernetes.io/managed-by': 'llm-rollout', 'llm-rollout/token-of': account.name },
        // Gone with the account, whose tokens are worth nothing then.
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ServiceAccount', name: account.name, uid: owner.metadata.uid ?? '' },
        ],
      },
      type: 'Opaque',
      immutable: true,
    },
    signal,
  );
  return made && (made.metadata.uid ?? '');
}

function anchorRef(account: ServiceAccount, slot: Slot) {
  return { apiVersion: 'v1', kind: 'Secret', name: anchorName(account, slot), namespace: account.namespace };
}

function unusable({ namespace, name }: ServiceAccount, problems: readonly string[]): StepError {
  return new StepError(
    'check',
    `the token that the API server issued for ${namespace}/${name} cannot be used`,
    {
      evidence: problems.map((problem) => `${problem} (claims of the token)`),
      hint: 'lower min-lifetime, or ask for the API server’s --service-account-max-token-expiration',
    },
  );
}
