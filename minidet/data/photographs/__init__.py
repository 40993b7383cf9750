"""Photographs: data sets that others took and labelled, and how a picture is opened."""
