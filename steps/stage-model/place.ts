import { StepError } from '../lib/errors.ts';
import { manifestKey, stateFolder } from '../lib/manifest.ts';

/** Where one commit of one model lies, and where we keep what we know about it. */
export interface Place {
  readonly model: string;
  readonly commit: string;
  /** All commits of the model: `<prefix>/`. */
  readonly family: string;
  /** `<prefix>/<commit>/`; of two commits neither is the beginning of the other. */
  readonly prefix: string;
  /** `<state-prefix>/<owner>--<name>/`. */
  readonly state: string;
  /** The commit marker. */
  readonly manifest: string;
  /** Notes about objects that may have other bytes than their metadata says. */
  readonly unproven: string;
  /** Plans and notes of shards. */
  readonly shards: string;
  /** Throwaway keys by which runs find out what the server can, by commit. */
  readonly probes: string;
}

interface PlaceParams {
  readonly model: string;
  readonly prefix: string;
  readonly statePrefix: string;
}

/** Where all commits of the model lie, with the trailing slash. */
export function familyOf({ model, prefix }: Pick<PlaceParams, 'model' | 'prefix'>): string {
  return `${prefix === '' ? `models/${model}` : prefix}/`;
}

export function placeOf({ model, prefix, statePrefix }: PlaceParams, commit: string): Place {
  const family = familyOf({ model, prefix });
  const state = stateFolder(statePrefix, model);
  if (state.startsWith(family) || family.startsWith(`${statePrefix}/`)) {
    throw new StepError('usage', '--prefix and --state-prefix lie in one another', {
      evidence: [`--prefix ${family}, --state-prefix ${statePrefix}/`],
      hint: 'choose a --state-prefix outside of every model, such as .llm-rollout',
    });
  }
  return {
    model,
    commit,
    family,
    prefix: `${family}${commit}/`,
    state,
    manifest: manifestKey(state, commit),
    unproven: `${state}unproven/${commit}/`,
    shards: `${state}shards/${commit}/`,
    probes: `${state}probe/`,
  };
}
