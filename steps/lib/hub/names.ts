import { isCommit } from '../digest.ts';
import { StepError } from '../errors.ts';
import { modelId, revision } from '../shapes.ts';

// The params are held to the same: this is the second guard, before a name becomes an address.
const modelShape = new RegExp(`^(?:${modelId.pattern})$`, 'u');
const revisionShape = new RegExp(`^(?:${revision.pattern})$`, 'u');
/** An S3 key has at most 1,024 bytes (UTF-8), and a path becomes the tail of one. */
const longestPath = 1024;

/** Refuses what would not stay one path segment each in an address of the Hub. */
export function checkModel(model: string): string {
  if (modelShape.test(model)) return model;
  throw new StepError('usage', `${JSON.stringify(model)} is not a model of the Hub`, {
    hint: 'name it as <organisation>/<model>, for example --model=openai/gpt-oss-20b',
  });
}

export function checkRevision(name: string): string {
  if (revisionShape.test(name)) return name;
  throw new StepError('usage', `${JSON.stringify(name)} is not a branch, tag or commit`, {
    hint: '--revision=main, a tag, or 40 hex digits',
  });
}

export function checkCommit(commit: string): string {
  if (isCommit(commit)) return commit;
  throw new StepError('usage', `${JSON.stringify(commit)} is not a commit`, {
    hint: 'a commit has 40 hex digits; resolve a branch or a tag first',
  });
}

/** Why a path of a repository must not become an address or an object's key; `undefined` when it may. */
export function unsafePath(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'is absolute';
  // oxlint-disable-next-line no-control-regex -- it is the control characters that we look for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(path)) return 'has a control character';
  const character = /[\\?#%]/.exec(path);
  if (character) return `has a ${character[0]}`;
  if (!path.isWellFormed()) return 'is not Unicode';
  const segments = path.split('/');
  if (segments.includes('..') || segments.includes('.')) return 'leads outside its folder';
  if (segments.includes('')) return 'has an empty segment';
  if (Buffer.byteLength(path) > longestPath) return `is longer than ${longestPath} bytes`;
  return undefined;
}

export function checkPath(path: string): string {
  const reason = unsafePath(path);
  if (reason === undefined) return path;
  throw new StepError('check', `the repository holds a file name that ${reason}`, {
    evidence: [JSON.stringify(path)],
    hint: 'leave the file out with --ignore, or use another repository: no honest one has such a name',
  });
}

/** `https://huggingface.co` + `openai/gpt-oss-20b`, commit, path → the address that `resolve` gives the bytes from. */
export function resolveUrl(endpoint: URL, model: string, commit: string, path: string): URL {
  const segments = checkPath(path).split('/').map(encodeURIComponent).join('/');
  return new URL(`${endpoint.href}${checkModel(model)}/resolve/${checkCommit(commit)}/${segments}`);
}

/** The endpoint as a URL that ends with a slash, as mirrors live below a path. */
export function checkEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  const wrong = url === null || !/^https?:$/.test(url.protocol) || url.username || url.password;
  if (wrong || url.search || url.hash)
    throw new StepError('usage', 'the address of the Hub is not one', {
      evidence: [
        `hf-endpoint: ${JSON.stringify(url ? `${url.protocol}//${url.host}${url.pathname}` : endpoint)}`,
      ],
      hint: '--hf-endpoint=https://huggingface.co, or a mirror; without user, query or fragment',
    });
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
