import type { Bucket, S3Secret } from '../../lib/bucket.ts';
import type { ParamsOf, SecretsOf } from '../../lib/step.ts';
import { bucketOrigin } from './bucket-origin.ts';
import { folderOrigin } from './folder-origin.ts';
import { hubOrigin } from './hub-origin.ts';
import { openBucket, openHub, type SourceTools } from './make-source.ts';
import type { Origin } from './origin.ts';
import { parseSource } from './source-address.ts';
import type { spec } from '../spec.ts';

interface OriginOptions extends SourceTools {
  readonly params: ParamsOf<typeof spec>;
  readonly secrets: SecretsOf<typeof spec>;
  /** Where the model is to be staged. */
  readonly destination: Bucket;
}

/** Where `--source` says that the model comes from. */
export function makeOrigin(options: OriginOptions): Origin {
  const { params, secrets, destination, ...tools } = options;
  const address = parseSource(params.source);
  switch (address.kind) {
    case 'hub':
      return fromHub(options);
    case 'folder':
      return folderOrigin({ ...address, revision: params.revision, ...tools });
    case 'bucket': {
      const secret = secretFor(address.bucket, secrets);
      const bucket = openBucket(secret, tools);
      return bucketOrigin({
        bucket,
        prefix: address.prefix,
        params,
        destination,
        describe: (prefix) => ({ kind: 'bucket', secret, prefix }),
        ...tools,
      });
    }
  }
}

function fromHub({ params, secrets, ...tools }: OriginOptions): Origin {
  const { hfEndpoint: endpoint, model, revision } = params;
  const token = secrets.hfSecret?.token;
  return hubOrigin(openHub({ endpoint, token }, tools), model, revision, token);
}

/** The source's own server and keys, or those of the bucket that is written to; the bucket's name is the address's. */
function secretFor(bucket: string, { s3Secret, sourceSecret }: SecretsOf<typeof spec>): S3Secret {
  return { ...(sourceSecret ?? s3Secret), AWS_S3_BUCKET: bucket };
}
