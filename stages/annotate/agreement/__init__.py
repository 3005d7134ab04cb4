"""How far annotators agree: coefficients with intervals, by label, pair of annotators, round and guideline."""

from stages.annotate.agreement.summary import agreement_summary

__all__ = ["agreement_summary"]
