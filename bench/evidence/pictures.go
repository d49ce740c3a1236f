package main

func (b *bench) pictures(dir string) error { return nil }
