import { expect, test } from 'vitest';
import { moved } from '../../../../steps/lib/hub/moved.ts';

const from = new URL('https://hub.example.com/api/models/o/n/revision/main');
const asked = {
  model: 'o/n',
  revision: 'main',
  endpoint: new URL('https://hub.example.com/'),
  withToken: false,
};

test.each([
  ['/api/models/o/new/revision/main', 'o/n was renamed to o/new', '--model=o/new'],
  [
    'https://other.example.com/api/models/o/n',
    'hub.example.com is no Hub itself: it sends us on to https://other.example.com',
    '--hf-endpoint=https://other.example.com',
  ],
  ['/login', 'hub.example.com is no Hub itself: it sends us on to https://hub.example.com', '--hf-endpoint'],
  [null, 'hub.example.com is no Hub itself: it sends us on to https://hub.example.com', '--hf-endpoint'],
])('Location: %s', (location, message, hint) => {
  expect(moved(asked, from, location)).toMatchObject({
    verdict: false,
    message,
    final: { failure: 'refused', hint: expect.stringContaining(hint) },
  });
});
