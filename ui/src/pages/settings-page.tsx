import { PageTitle } from '../shell/page-title.tsx'
import { AboutSection } from './settings/about-section.tsx'
import { AccountSection } from './settings/account-section.tsx'
import { DisplaySection } from './settings/display-section.tsx'
import { LimitsSection } from './settings/limits-section.tsx'
import { NotificationsSection } from './settings/notifications-section.tsx'
import { SettingsTabs } from './settings/settings-tabs.tsx'
import { StorageSection } from './settings/storage-section.tsx'
import { SystemSection } from './settings/system-section.tsx'

/** Who one is, how this browser shows things, what bounds all tasks, who is told of them, and what the server is. */
export const SettingsPage = () => (
  <>
    <PageTitle text="Settings" />
    <SettingsTabs />
    <div className="mt-3 grid items-start gap-4 lg:grid-cols-2">
      <AccountSection />
      <LimitsSection />
      <SystemSection />
      <StorageSection />
      <NotificationsSection />
      <DisplaySection />
      <AboutSection />
    </div>
  </>
)
