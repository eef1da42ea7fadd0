import { describe, expect, test } from 'vitest';
import { readDataConnection, type S3Secret } from '../../../../steps/lib/bucket/connection.ts';

const secret: S3Secret = {
  AWS_ACCESS_KEY_ID: 'AKIA',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_S3_ENDPOINT: 'https://s3.openshift-storage.svc:443',
  AWS_S3_BUCKET: 'models',
};

describe('the data connection', () => {
  test.each([
    ['https://s3.openshift-storage.svc', 'https://s3.openshift-storage.svc'],
    ['https://s3.openshift-storage.svc/', 'https://s3.openshift-storage.svc'],
    ['https://s3.openshift-storage.svc:443\n', 'https://s3.openshift-storage.svc'],
    ['http://rook-ceph-rgw.rook-ceph.svc:8080', 'http://rook-ceph-rgw.rook-ceph.svc:8080'],
    ['s3-openshift-storage.apps.example.com', 'https://s3-openshift-storage.apps.example.com'],
    ['HTTPS://S3.Example.com', 'https://s3.example.com'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
    ['localhost:9000', 'https://localhost:9000'],
  ])('takes the endpoint %j', (endpoint, origin) => {
    expect(readDataConnection({ ...secret, AWS_S3_ENDPOINT: endpoint }).endpoint.origin).toBe(origin);
  });

  test.each([
    '',
    '   ',
    'https://',
    'ftp://s3.example.com',
    's3://models',
    'https://user:hunter22@s3.example.com',
    'https://s3.example.com/models',
    'https://s3.example.com/?x=1',
    'https://s3.example.com/#x',
    'https://exa mple.com',
  ])('refuses the endpoint %j without showing it', (endpoint) => {
    const read = () => readDataConnection({ ...secret, AWS_S3_ENDPOINT: endpoint });
    expect(read).toThrow(
      expect.objectContaining({ failure: 'usage', message: expect.stringContaining('AWS_S3_ENDPOINT') }),
    );
    expect(read).not.toThrow(/hunter22/);
  });

  test.each([
    [undefined, 'us-east-1'],
    ['', 'us-east-1'],
    ['  ', 'us-east-1'],
    ['eu-central-1', 'eu-central-1'],
    ['noobaa\n', 'noobaa'],
  ])('with the region %j signs for %s', (given, region) => {
    expect(readDataConnection({ ...secret, AWS_DEFAULT_REGION: given }).region).toBe(region);
  });

  test.each(['eu\u200B-central-1', 'eu central'])('refuses the region %j', (region) => {
    expect(() => readDataConnection({ ...secret, AWS_DEFAULT_REGION: region })).toThrow(
      expect.objectContaining({ failure: 'usage', message: expect.stringContaining('AWS_DEFAULT_REGION') }),
    );
  });

  test.each(['', 's3://models', 'models/prefix', 'mo dels', '../models', 'm'])(
    'refuses the bucket %j',
    (bucket) => {
      expect(() => readDataConnection({ ...secret, AWS_S3_BUCKET: bucket })).toThrow(
        expect.objectContaining({ failure: 'usage', message: expect.stringContaining('AWS_S3_BUCKET') }),
      );
    },
  );
});
