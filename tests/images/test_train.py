"""The command trains on any folder of pictures, takes up what a killed run had done, and leaves a whole folder or none."""

import json
import subprocess
import sys
from pathlib import Path
