"""What TorchServe's worker imports of torch, where no handler uses it."""


class Tensor:
    pass


def is_tensor(_):
    return False


class cuda:
    @staticmethod
    def is_available():
        return False

    @staticmethod
    def device_count():
        return 0
