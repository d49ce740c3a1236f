package anytime

// LogAverage is the log of the mean of E-values given as logs. The mean of processes that are each evidence
// against the same hypothesis is evidence against it too, however much they depend on each other: the same
// units seen through several metrics, edges or groups. It costs at most ln(len(logs)) against the best of them.
// Without any it is 0: no evidence.
func LogAverage(logs []float64) float64 {
	if len(logs) == 0 {
		return 0
	}
	return logMean(logs)
}

// LogProduct is the log of the product. It is evidence only when each process is so given what the others have
// already shown: other units, or the same units one after the other. It gains where all speak softly alike.
func LogProduct(logs []float64) float64 {
	sum := 0.0
	for _, l := range logs {
		sum += l
	}
	return sum
}

// LogEStrata is the log of the evidence that the canary's rate of first events exceeds (1+margin) times the
// baseline's in all units together or in one of the groups: half of the mean lies on [LogE] of all, the other
// half is spread evenly over the groups. So a fault of everybody is found after ln(2) more evidence, a fault of
// one of S groups after ln(2S) more than that group alone would need, and never after that of all who are well.
//
// Hypothesis: the one of [LogE] in every group. Guarantee: that of [LogE]. The groups must be named before; one
// that is missing counts as having shown nothing. With no groups it is [LogE] of all.
func LogEStrata(all []Stage, strata [][]Stage, margin float64) float64 {
	if len(strata) == 0 {
		return LogE(all, margin)
	}
	groups := make([]float64, len(strata))
	for i, s := range strata {
		groups[i] = LogE(s, margin)
	}
	return LogAverage([]float64{LogE(all, margin), LogAverage(groups)})
}
