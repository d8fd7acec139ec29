"""Adapters to engines that Headway does not own, one package each: shell commands, and the engines people already run."""
