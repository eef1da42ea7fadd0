import { partSizeFor } from '../lib/bucket/parts.ts';
import { StepError } from '../lib/errors.ts';
import type { Manifest, PolicyVerdict } from '../lib/manifest.ts';
import { parsePythonJson } from '../lib/python-json.ts';
import { needsVocabulary, readVocabulary, vocabulary } from '../lib/vocabulary.ts';
import { toolVersion } from '../lib/version.ts';
import { rulesWith } from './policy/default-rules.ts';
import { inspectFiles, type Reading, readWhole } from './policy/inspect.ts';
import type { ModelFile } from './source/listing.ts';
import { judgeNames } from './policy/names.ts';
import type { Source } from './source/origin.ts';
import { type Place, placeOf } from './place.ts';
import type { WantedFile } from './plan.ts';
import { jsonLimit, judgeListing, objectLimit, type Refusal } from './policy/policy.ts';
import { applyReview } from './policy/review.ts';
import { judgeStored } from './policy/stored.ts';
import { judgeIndexes } from './policy/weight-index.ts';
import { ruleLines, type Rule, type Selection, selectFiles } from './policy/select.ts';
import type { Stage } from './stage.ts';

/** What has to lie in the bucket for this commit, before anybody looks there. */
export interface Wish {
  readonly place: Place;
  readonly source: Source;
  readonly rules: readonly Rule[];
  readonly ignored: Selection['ignored'];
  readonly files: readonly WantedFile[];
  /** What the listing alone says against them. */
  readonly refusals: readonly Refusal[];
}

/** Resolves the revision once, chooses among its files and judges their names. */
export async function makeWish(stage: Stage): Promise<Wish> {
  const { params, origin, signal } = stage;
  const { commit, license, files: listed, source } = await origin.open(signal);
  const place = placeOf(params, commit);
  const rules = rulesWith(params.ignore);
  const selection = selectFiles(listed, rules);
  demandSafe(selection.kept, place);
  const ours = await vocabularyFile(selection.kept, { source, signal }, stage);
  const kept = selection.kept.filter(({ path }) => !ours || path !== ours.path);
  if (ours) demandSafe([...kept, ours], place);
  const refusals = judgeListing({ model: params.model, license, files: kept }, params);
  for (const { path } of kept.filter(({ size }) => size === 0))
    stage.log.warn('an empty file: KServe will not put it beside the model', { path });
  // What no object holds cannot be cut in parts either, so there is nothing to plan.
  if (kept.some(({ size }) => size > objectLimit)) demandReviewed(refusals, stage);
  const files = [...kept, ...(ours ? [ours] : [])].map((file) => wanted(file, place, stage));
  return { place, source, rules, ignored: selection.ignored, files, refusals };
}

function wanted(
  file: ModelFile & { content?: Buffer },
  { prefix }: Place,
  { params, limits }: Stage,
): WantedFile {
  const partSize = file.content ? undefined : partSizeFor(file.size, params.partSize, limits);
  return { ...file, key: prefix + file.path, ...(partSize === undefined ? {} : { partSize }) };
}

/**
 * Reads what the policy has to see, and stops the run before a byte is stored when something is refused. Gives the
 * refusals that a review has lifted.
 */
export async function demandPolicy(wish: Wish, stage: Stage): Promise<Refusal[]> {
  const fromSource = wish.files.filter(({ content }) => content === undefined);
  const reading = { source: wish.source, signal: stage.signal };
  const refusals = [
    ...wish.refusals,
    ...(await inspectFiles(fromSource, reading)),
    ...(await judgeIndexes(fromSource, reading)),
  ];
  if (!fromSource.some(({ path }) => path.endsWith('.safetensors')))
    stage.log.warn('no weights are among the files to stage', { ignored: wish.ignored.length });
  demandReviewed(refusals, stage);
  return refusals;
}

/**
 * Stops the run before the commit when what is stored is refused, which the source may have hidden from the first look.
 * Gives the verdicts for the manifest: of what was lifted then, and of what is lifted now.
 */
export async function demandStoredPolicy(
  { files, place }: Wish,
  lifted: readonly Refusal[],
  stage: Stage,
): Promise<PolicyVerdict[]> {
  const fromSource = files.filter(({ content }) => content === undefined);
  const seen = await judgeStored(fromSource, { ...stage, prefix: place.prefix });
  return demandReviewed([...lifted, ...seen], stage, 'nothing was committed');
}

/** Stops the run unless a review has lifted every refusal; gives the verdicts for the manifest. */
export function demandReviewed(
  refusals: readonly Refusal[],
  { params }: Stage,
  outcome = 'nothing was stored',
): PolicyVerdict[] {
  const { standing, verdicts } = applyReview(refusals, params);
  if (standing.length === 0) return verdicts;
  const hash = standing.find((refusal) => refusal.hash !== undefined)?.hash;
  const files = standing.length === 1 ? 'one thing' : `${standing.length} things`;
  throw new StepError('check', `the policy refuses ${files} about ${params.model}; ${outcome}`, {
    evidence: standing.map(describe),
    hint:
      hash === undefined
        ? 'choose another model or revision, or leave files out: --ignore=<pattern>'
        : `leave files out: --ignore=<pattern>, or after a review let them in: --allow-code=${hash}`,
  });
}

function describe({ path, why, hash }: Refusal): string {
  return `${path}: ${why}${hash === undefined ? '' : ` (${hash})`}`;
}

/** The manifest of the wish; deterministic. */
export function manifestOf({ place, rules, files }: Wish, policy: readonly PolicyVerdict[]): Manifest {
  const own = files.find(({ content }) => content !== undefined);
  return {
    repository: place.model,
    commit: place.commit,
    prefix: place.prefix,
    selection: ruleLines(rules),
    files: files
      .filter((file) => file !== own)
      .map(({ path, size, digest, partSize }) => ({
        path,
        size,
        digest,
        ...(partSize === undefined ? {} : { partSize }),
      })),
    policy,
    vocabulary: own ? { path: own.path, size: own.size, sha256: own.digest.hex } : null,
    tool: `llm-rollout ${toolVersion}`,
  };
}

function demandSafe(files: readonly ModelFile[], { prefix, model }: Place): void {
  if (files.length === 0) {
    throw new StepError('check', `nothing of ${model} is left to stage`, {
      evidence: ['every file is ignored, or the repository is empty'],
      hint: 'tkn task start stage-model --param dry-run=true …   (shows the rule that leaves out each file)',
    });
  }
  const problems = judgeNames(
    files.map(({ path }) => path),
    prefix,
  );
  if (problems.length === 0) return;
  throw new StepError('check', `${problems.length} file names of ${model} are not safe to store`, {
    evidence: problems,
    hint: 'do not serve this repository; to leave a file out: --ignore=<pattern>',
  });
}

/** The vocabulary from the image, when this model needs it beside its files. */
async function vocabularyFile(
  files: readonly ModelFile[],
  reading: Reading,
  { params, vocabularyPlaces }: Stage,
): Promise<(ModelFile & { readonly content: Buffer }) | undefined> {
  const config = files.find(({ path, size }) => path === 'config.json' && size <= jsonLimit);
  const parsed = params.vocabulary === 'auto' && config ? parse(await readWhole(config, reading)) : undefined;
  if (!needsVocabulary(params.vocabulary, params.model, parsed)) return undefined;
  return {
    path: vocabulary.file,
    size: vocabulary.size,
    digest: { algorithm: 'sha256', hex: vocabulary.sha256 },
    content: await readVocabulary(vocabularyPlaces),
  };
}

function parse(json: Buffer): unknown {
  try {
    return parsePythonJson(json.toString('utf8'));
  } catch {
    return undefined;
  }
}
