/** What `--source` names. */
export type SourceAddress =
  | { readonly kind: 'hub' }
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'bucket';
      readonly bucket: string;
      /** With its trailing slash; empty for the whole bucket. */
      readonly prefix: string;
    };

/** Reads a value that the pattern of the parameter has let through: `hf://`, `file:///folder` or `s3://bucket/prefix/`. */
export function parseSource(source: string): SourceAddress {
  const rest = source.slice(source.indexOf('://') + 3).replace(/\/$/, '');
  if (source.startsWith('file://')) return { kind: 'folder', path: rest };
  if (!source.startsWith('s3://')) return { kind: 'hub' };
  const [bucket = '', ...folders] = rest.split('/');
  return { kind: 'bucket', bucket, prefix: folders.map((folder) => `${folder}/`).join('') };
}
