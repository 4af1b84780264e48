import { expect, it } from 'vitest'
import { isAllowed } from './targets.ts'

it.each([
  'http://127.0.0.1:8080/a',
  'http://127.8.9.10/a',
  'http://localhost:80/a',
  'https://receiver.localhost/a',
  'http://10.1.2.3/a',
  'http://172.16.0.1/a',
  'http://192.168.1.1/a',
  'http://[::1]:8080/a',
  'http://[fd00::1]/a',
  'http://[::ffff:127.0.0.1]/a',
])('%s is called', (url) => {
  expect(isAllowed(url, 'private')).toBe(true)
})

it.each([
  'https://shop.example.com/notify',
  'http://8.8.8.8/a',
  'http://172.32.0.1/a',
  'http://169.254.169.254/latest',
  'http://0.0.0.0/a',
  'http://[2001:db8::1]/a',
  'http://[::ffff:8.8.8.8]/a',
  'http://127.0.0.1.example.com/a',
  'http://localhost.example.com/a',
])('%s is not called, unless everything may be', (url) => {
  expect(isAllowed(url, 'private')).toBe(false)
  expect(isAllowed(url, 'any')).toBe(true)
})
