import type { SecretSource } from './step.ts';

/** The data connection that OpenShift AI's dashboard makes, with its five keys. */
export const dataConnection = {
  description: "OpenShift AI data connection (the dashboard's five AWS_* keys)",
  default: 'aws-connection-model-storage',
  keys: {
    AWS_ACCESS_KEY_ID: { secret: true },
    AWS_SECRET_ACCESS_KEY: { secret: true },
    AWS_S3_ENDPOINT: { secret: false },
    AWS_S3_BUCKET: { secret: false },
    AWS_DEFAULT_REGION: { secret: false, optional: true },
  },
} as const satisfies SecretSource;
