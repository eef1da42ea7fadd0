import { dataConnection, sourceConnection } from '../lib/data-connection.ts';
import { hubEndpoint, hubSecret } from '../lib/hub-params.ts';
import { defineStep } from '../lib/step.ts';
import { folder, modelId, revision, source } from '../lib/shapes.ts';

export const spec = defineStep({
  name: 'stage-model',
  displayName: 'Stage a model',
  summary:
    'Copies one commit of a model from the Hugging Face Hub, a folder or another bucket into S3, every byte proven, and commits it with a manifest.',
  params: {
    source: {
      kind: 'string',
      description:
        'Where the model comes from: hf:// is the Hub, file:///workspace/model a folder in the workspace, s3://bucket/prefix/ another bucket',
      default: 'hf://',
      ...source,
    },
    model: {
      kind: 'string',
      description: 'Repository on the Hub; the name of the model, whatever its source',
      default: 'openai/gpt-oss-20b',
      ...modelId,
    },
    revision: {
      kind: 'string',
      description:
        'Branch, tag or commit; a branch is resolved to its commit once, at the start. For another source than the Hub main, or the 40 hex digits that must lie there',
      default: 'main',
      ...revision,
    },
    prefix: {
      kind: 'string',
      description: 'Where the model lies in the bucket, the commit is added; empty for models/<owner>/<name>',
      default: '',
      ...folder,
    },
    'state-prefix': {
      kind: 'string',
      description: 'Where manifests and notes lie, outside of every model',
      default: '.llm-rollout',
      ...folder,
    },
    'hf-endpoint': hubEndpoint,
    ignore: {
      kind: 'list',
      description:
        'Files to leave out, and with ! to take back in: patterns from the root of the repository, later lines win, * stays in its folder, ** does not. They come after the built-in ones (original/**, metal/**, other formats, pictures); !** as first line drops those',
      default: '',
    },
    vocabulary: {
      kind: 'string',
      description: 'Whether o200k_base.tiktoken is put beside the model; auto does it for gpt-oss models',
      default: 'auto',
      choices: ['auto', 'always', 'never'],
    },
    'part-size': {
      kind: 'bytes',
      description: 'Size of a part and of a buffer; raised for files of more than 10,000 parts',
      default: '16MiB',
      min: '5MiB',
      max: '256MiB',
    },
    connections: {
      kind: 'integer',
      description:
        'The most ranges that are fetched at once; it begins with 12, takes more while they bring more, and fewer when a server asks for that',
      default: '16',
      min: '1',
      max: '64',
    },
    threads: {
      kind: 'integer',
      description:
        'The most threads that fetch and upload beside the first one, which hashes. A run begins with that one alone, and adds another when those at work are at their limit and a core is idle; 0 leaves all to the first one, which takes less memory',
      default: '2',
      min: '0',
      max: '4',
    },
    'sign-parts': {
      kind: 'string',
      description:
        'Whether over plain http every part is hashed once more, for its signature: auto does it unless the server was seen to check CRC-32',
      default: 'auto',
      choices: ['auto', 'always'],
    },
    'read-back': {
      kind: 'string',
      description:
        'Objects to read from the bucket and hash: auto for what a resumed upload leaves unproven, always for all, also of a commit that is staged already',
      default: 'auto',
      choices: ['auto', 'always'],
    },
    'allow-code': {
      kind: 'list',
      description:
        'Hashes (the SHA-256 or git SHA-1 that the refusal prints) of files that somebody has reviewed, although the policy refuses them',
      default: '',
      pattern: '[0-9a-f]{40}|[0-9a-f]{64}',
      shape: 'a SHA-256 or a git SHA-1 in lower-case hex',
    },
    'allow-owners': {
      kind: 'list',
      description: 'Owners on the Hub that models may come from; empty for any',
      default: '',
    },
    'allow-licenses': {
      kind: 'list',
      description:
        'Licences, as the model card names them (apache-2.0), that a model may have, and of several all; empty for any',
      default: '',
    },
    'max-size': {
      kind: 'bytes',
      description: 'Most that a model may take in the bucket',
      default: '2TiB',
      min: '1',
    },
    'expire-uploads': {
      kind: 'duration',
      description: 'Age at which pending uploads of other commits of this model are removed; 0s keeps them',
      default: '168h',
    },
    phase: {
      kind: 'string',
      description:
        'all stages the model in this one pod. Of several pods one makes the plan, each moves its shard, and one commits',
      default: 'all',
      choices: ['all', 'plan', 'move', 'commit'],
    },
    shards: {
      kind: 'integer',
      description: 'Into how many shards phase plan divides the model, and phase commit gathers it from',
      default: '1',
      min: '1',
      max: '64',
    },
    shard: {
      kind: 'string',
      description: 'What phase move moves: shard i of n, written i/n; empty for the other phases',
      default: '',
      pattern: '[1-9][0-9]?\\/[1-9][0-9]?',
      shape: 'a shard and their number, such as 2/4',
    },
    metrics: {
      kind: 'string',
      description:
        'Figures of the run as JSON: result puts bytes, seconds by phase and retries by cause into the result of that name; bucket puts them, with a row for each file, beside the manifests, and its key into the result; a run that fails says them in its log',
      default: 'none',
      choices: ['none', 'result', 'bucket'],
    },
    'dry-run': {
      kind: 'boolean',
      description: 'Only show, file by file, what would be done and why',
      default: 'false',
    },
  },
  secrets: {
    's3-secret': dataConnection,
    'hf-secret': hubSecret,
    'source-secret': sourceConnection,
  },
  workspaces: {
    model: {
      description: 'A volume with the model, for a source of file:///workspace/model/…; only read',
      mountPath: '/workspace/model',
    },
  },
  results: {
    revision: { description: 'Commit that was staged, 40 hex digits' },
    prefix: { description: 'Where it lies in the bucket, with the commit and a trailing slash' },
    'bytes-moved': { description: 'Bytes that were fetched from the source' },
    'manifest-digest': {
      description: 'SHA-256 of the manifest, the commit marker; empty as long as nothing is committed',
    },
    shards: { kind: 'list', description: 'The shards, 1/n to n/n, for a matrix over phase move' },
    metrics: {
      forPeople: true,
      description: 'Figures of the run, or the key of the object that holds them; empty unless asked for',
    },
  },
  permissions: [],
  resources: {
    requests: { cpu: '1', memory: '512Mi' },
    limits: { memory: '1Gi' },
  },
});
