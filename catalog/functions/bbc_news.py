"""Labelling functions for bbc_news, as an example: a few words for each class."""

import re

SPORT = re.compile(r"\b(?:match|coach|cup|championships?|olympic|striker|rugby|tennis|goals?)\b", re.IGNORECASE)
POLITICS = re.compile(r"\b(?:mps?|minister|labour|tory|tories|election|lords|parliament|whitehall)\b", re.IGNORECASE)
BUSINESS = re.compile(r"\b(?:shares?|profits?|economy|sales|bank|stock|inflation|investors?)\b", re.IGNORECASE)
TECH = re.compile(r"\b(?:software|computers?|broadband|internet|users|microsoft|mobile|console)\b", re.IGNORECASE)
ENTERTAINMENT = re.compile(r"\b(?:film|album|actors?|actress|oscars?|singer|band|comedy|box office)\b", re.IGNORECASE)
ENOUGH = 2  # words of a class, before a function answers


def words_of_sport(text: str) -> str | None:
    """Says sports where two of its words occur."""
    return "sports" if len(SPORT.findall(text)) >= ENOUGH else None


def words_of_politics(text: str) -> str | None:
    """Says politics where two of its words occur."""
    return "politics" if len(POLITICS.findall(text)) >= ENOUGH else None


def words_of_business(text: str) -> str | None:
    """Says business where two of its words occur."""
    return "business" if len(BUSINESS.findall(text)) >= ENOUGH else None


def words_of_tech(text: str) -> str | None:
    """Says tech where two of its words occur."""
    return "tech" if len(TECH.findall(text)) >= ENOUGH else None


def words_of_entertainment(text: str) -> str | None:
    """Says entertainment where two of its words occur."""
    return "entertainment" if len(ENTERTAINMENT.findall(text)) >= ENOUGH else None
