import { Link } from '@tanstack/react-router'
import type { Activity } from '../../api/operations.ts'
import { kindOf } from '../../lib/activity-words.ts'

/** The way to what something was done to; it may be gone by now, which its page says. */
export function TargetLink({ target }: { readonly target: Activity['target'] }) {
  const text = target.id === '' ? kindOf(target) : target.id
  const className = 'font-semibold text-ink break-all'
  switch (target.kind) {
    case 'taskGroup':
      return (
        <Link to="/groups/$gid" params={{ gid: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'task':
      return (
        <Link to="/tasks/$tid" params={{ tid: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'worker':
      return (
        <Link to="/workers/$name" params={{ name: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'workgroup':
      return (
        <Link to="/workgroups/$name" params={{ name: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'schedule':
      return (
        <Link to="/schedules/$id" params={{ id: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'user':
      return (
        <Link to="/settings/users" className={className}>
          {text}
        </Link>
      )
    case 'token':
      return (
        <Link to="/settings/tokens" className={className}>
          {text}
        </Link>
      )
    case 'bulk':
      return (
        <Link to="/bulk/$id" params={{ id: target.id }} className={className}>
          {text}
        </Link>
      )
    case 'traffic':
    case 'notifications':
      return (
        <Link to="/settings" className={className}>
          {text}
        </Link>
      )
    // What later versions do something to.
    default:
      return <span className="break-all">{text}</span>
  }
}
