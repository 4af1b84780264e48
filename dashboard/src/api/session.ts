import { computed, signal } from '@preact/signals'
import type { Session } from './types.ts'

/** Who is signed in: null for nobody, undefined as long as that isn't known. */
export const session = signal<Session | null | undefined>(undefined)

/** Whether the person may do more than look. */
export const mayOperate = computed(() => session.value?.role === 'operate' || session.value?.role === 'admin')
