import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBy, parseWorkerUrl } from '../../server/core/worker-url.ts'

const parse = (value: unknown, name = 'w') => parseWorkerUrl(value, { name, allowed: [] })

describe('the URL of a worker', () => {
  test.each([
    ['https://hooks.example.com/a/b', 'https://hooks.example.com/a/b'],
    ['HTTP://Hooks.Example.com:80', 'http://hooks.example.com/'],
    ['https://example.com:8443/x?shop=1', 'https://example.com:8443/x?shop=1'],
    ['https://[2606:4700::1111]/', 'https://[2606:4700::1111]/'],
    [
      'https://example.com/a|b[0]^`?tags[]=ü&rest=100%&x={y}',
      'https://example.com/a%7Cb%5B0%5D%5E%60?tags%5B%5D=%C3%BC&rest=100%25&x=%7By%7D',
    ],
  ])('%s is taken', (text, url) => expect(parse(text)).toEqual({ url }))

  test('is a URI, whatever a browser would take, and stays as it is when it is given again', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(fc.tuple(text, text, text), ([host, path, query]) => {
        const taken = parse(`https://${host}e.com/${path}?${query}`)
        if ('fault' in taken) return
        expect(taken.url).toMatch(/^https:\/\/[^/?#[\]]+\/([\w.~:/?@!$&'()*+,;=-]|%[\da-f]{2})*$/i)
        expect(parse(taken.url)).toEqual(taken)
      }),
    )
  })

  test('is none when it is null', () => expect(parse(null)).toEqual({ url: null }))

  test.each([
    ...[
      5,
      true,
      {},
      [],
      '',
      'x',
      '/path',
      'example.com',
      'ftp://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
    ],
    ...[
      'https://',
      'https://user@example.com/',
      'https://user:pass@example.com/',
      'https://example.com/#a',
      'https://example.com/#',
      'https://exa"mple.com/',
      'https://{shop}.example.com/',
      `https://example.com/${'['.repeat(700)}`,
    ],
    ...[
      'http://127.0.0.1/',
      'http://0x7f.1/',
      'http://2130706433/',
      'http://localhost:8090/',
      'http://[::ffff:7f00:1]/',
    ],
    ...['http://169.254.169.254/latest/meta-data/', 'http://10.0.0.1/', 'http://①②⑦.0.0.1/', 'http://exa mple.com/'],
    ...[
      'https://example.com/?code=abc',
      'https://example.com/?api_key=abc',
      'https://example.com/?a=1&token=x',
      `https://e.com/${'x'.repeat(2048)}`,
    ],
  ])('is not %j', (value) => expect(parse(value)).toMatchObject({ fault: expect.any(String) }))

  test('of a rule has no query', () => {
    expect(parse('https://example.com/?a=1', 'shop/*')).toMatchObject({ fault: expect.stringContaining('no query') })
    expect(parse('https://example.com/a', 'shop/*')).toEqual({ url: 'https://example.com/a' })
  })
})

test.each([
  ['w', 'https://e.com/x?y=1', 'w', 'https://e.com/x?y=1'],
  ['shop/*', 'https://e.com/hooks', 'shop/orders', 'https://e.com/hooks/orders'],
  ['shop/*', 'https://e.com/hooks/', 'shop/a/b', 'https://e.com/hooks/a/b'],
  ['*', 'https://e.com/', 'shop/a', 'https://e.com/shop/a'],
])('by %s and %s worker %3$s is reached', (name, url, worker, address) => {
  expect(addressBy({ name, url }, worker)).toBe(address)
})
