import type { SecretSource } from './step.ts';

/** The data connection that OpenShift AI's dashboard makes, with its five keys. */
export const dataConnection = {
  description: "OpenShift AI data connection (the dashboard's five AWS_* keys)",
  default: 'aws-connection-model-storage',
  keys: {
    // It opens nothing by itself, and people call it what they call the model: see decision 0017.
    AWS_ACCESS_KEY_ID: { secret: 'word' },
    AWS_SECRET_ACCESS_KEY: { secret: true },
    AWS_S3_ENDPOINT: { secret: false },
    AWS_S3_BUCKET: { secret: false },
    AWS_DEFAULT_REGION: { secret: false, optional: true },
  },
} as const satisfies SecretSource;

/** The same for a bucket that is only read from; the name of the bucket is given beside it. */
export const sourceConnection = {
  description:
    'data connection of the bucket that an s3:// source names; without it the server and the keys of s3-secret',
  default: 'model-source',
  optional: true,
  keys: { ...dataConnection.keys, AWS_S3_BUCKET: { secret: false, optional: true } },
} as const satisfies SecretSource;
