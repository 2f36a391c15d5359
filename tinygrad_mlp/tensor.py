"""(for the time of the move)"""

from ._tensor import *
