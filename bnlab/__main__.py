"""`python -m bnlab`"""

from bnlab.cli import main

if __name__ == "__main__":
    main()
