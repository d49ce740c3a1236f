package cli

import "github.com/spf13/cobra"

// rooms returns every room's commands.
func (s *session) rooms() []*cobra.Command {
	return []*cobra.Command{
		s.setup(), s.login(), s.logout(), s.me(), s.account(), s.tokens(),
		s.journal(), s.effect(), s.status(),
		s.rollout(), s.release(), s.freeze(), s.unit(), s.variable(), s.resource(), s.environment(), s.cost(), s.apply(),
		s.portfolio(), s.vision(), s.objective(), s.keyResult(), s.initiative(),
		s.product(), s.feature(),
		s.path(), s.upgrade(), s.component(), s.commits(), s.change(),
		s.run(), s.pipeline(), s.agent(), s.artifact(), s.workload(), s.job(), s.alert(), s.dashboard(),
		s.team(), s.item(), s.board(), s.incident(), s.flag(), s.dora(), s.floor(), s.thread(), s.search(),
	}
}
