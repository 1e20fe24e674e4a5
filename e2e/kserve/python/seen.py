"""LiteLLM's own hook before each call: writes down which model it is about to ask."""

import json
import os

from litellm.integrations.custom_logger import CustomLogger


class Seen(CustomLogger):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        with open(os.environ["SEEN"], "a") as file:
            file.write(json.dumps({"via": call_type, "model": data.get("model")}) + "\n")
        return data


handler = Seen()
