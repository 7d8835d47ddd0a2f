"""What every test and every instrument starts from: a stage called test, and credentials that open nothing.

Imported before anything of the platform, which reads its stage when it is imported.
"""

import os

os.environ.update(
    ENTREPOT_STAGE="test",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
    ENTREPOT_AWS_CLIENT="botocore",  # moto stands behind botocore; at an address of its own AWS needs it not
)
