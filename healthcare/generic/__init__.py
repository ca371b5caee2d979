"""The few shared views on which every page is declared in a handful of lines."""

from healthcare.generic.detail import Action, DetailPage, Related, Section
from healthcare.generic.documents import PdfPage
from healthcare.generic.forms import ActionPage, CreatePage, EditPage, FormPage
from healthcare.generic.lists import Column, ListPage
from healthcare.generic.options import OptionsView

__all__ = [
    "Action",
    "ActionPage",
    "Column",
    "CreatePage",
    "DetailPage",
    "EditPage",
    "FormPage",
    "ListPage",
    "OptionsView",
    "PdfPage",
    "Related",
    "Section",
]
