import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.errors import ArgumentError, ShapeError
from tinygrad_mlp.transforms import Compose, Flatten, Lambda, Normalize, ToTensor

BYTES = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
CHAIN = Compose([ToTensor(), Normalize(0.1307, 0.3081), Flatten()])


@pytest.mark.parametrize("transform", [ToTensor(), CHAIN], ids=["ToTensor", "Compose"])
def test_batch_is_the_images_stacked(transform):
    batch = torch.from_numpy(BYTES)
    whole = transform(batch)
    parts = [transform(image) for image in batch]
    assert whole.dtype == torch.float32
    np.testing.assert_array_equal(whole.numpy(), np.stack([part.numpy() for part in parts]))


def test_to_tensor_divides_by_255_and_adds_the_channel():
    y = ToTensor()(torch.from_numpy(BYTES))
    assert y.shape == (4, 1, 8, 8)
    np.testing.assert_array_equal(y.numpy()[:, 0], BYTES.astype(np.float32) / np.float32(255))
    assert (y.min().item(), y.max().item()) == (0.0, 1.0)
    np.testing.assert_array_equal(ToTensor()(BYTES).numpy(), y.numpy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_to_tensor_scales_uint8_alone(dtype):
    y = ToTensor()(BYTES.astype(dtype))
    assert y.numpy().dtype == dtype
    np.testing.assert_array_equal(y.numpy()[:, 0], BYTES)


def test_to_tensor_leaves_its_input_alone():
    image = torch.from_numpy(BYTES.copy())
    ToTensor()(image).zero_()
    np.testing.assert_array_equal(image.numpy(), BYTES)


def test_to_tensor_refuses_what_is_no_image():
    with pytest.raises(ArgumentError, match=r"ToTensor\(\): expected a Tensor, an array or an image of Pillow's, got list"):
        ToTensor()([[1, 2]])
    with pytest.raises(ValueError, match=r"expected an image of shape \(\.\.\., H, W\), got \(256,\)"):
        ToTensor()(BYTES.reshape(-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normalize(dtype):
    x = torch.rand(2, 3, 4, 5, dtype=dtype)
    y = Normalize([0.1, 0.2, 0.3], (1.0, 2.0, 4.0))(x)
    assert y.dtype == dtype
    mean, std = (np.array(v, x.numpy().dtype).reshape(3, 1, 1) for v in ([0.1, 0.2, 0.3], [1, 2, 4]))
    np.testing.assert_array_equal(y.numpy(), (x.numpy() - mean) / std)
    np.testing.assert_array_equal(Normalize(0.1, 2.0)(x).numpy(), Normalize([0.1], [2.0])(x).numpy())


def test_normalize_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"std is \[1, 0\]; expected no zero"):
        Normalize([0, 0], [1, 0])
    with pytest.raises(ArgumentError, match=r"got .*uint8; put ToTensor\(\) before it"):
        Normalize(0, 1)(torch.from_numpy(BYTES))
    with pytest.raises(ArgumentError, match="got ndarray"):
        Normalize(0, 1)(BYTES)
    with pytest.raises(ValueError, match=r"expected an image of shape \(\.\.\., C, H, W\), got \(2, 2\)"):
        Normalize(0, 1)(torch.zeros(2, 2))
    with pytest.raises(ShapeError, match=r"2 values for mean or std, .* \(1, 4, 4\) has 1 channels"):
        Normalize([0, 0], 1)(torch.zeros(1, 4, 4))


@pytest.mark.parametrize("values", ["a", None, [0.5, None], 1j, {1: 2}])
def test_normalize_takes_numbers(values):
    with pytest.raises(ArgumentError, match="expected mean to be a number or a list of numbers"):
        Normalize(values, 1)
    with pytest.raises(ArgumentError, match="expected std to be a number or a list of numbers"):
        Normalize(0, values)


@pytest.mark.parametrize("dtype, std", [(torch.float16, 1e-8), (torch.float32, [1.0, 1e-50])])
def test_a_std_that_is_zero_in_the_dtype_of_the_image(dtype, std):
    with pytest.raises(ValueError, match=r"std is .*; expected no number that is zero as .*float"):
        Normalize(0, std)(torch.ones(2, 2, 2, dtype=dtype))


@pytest.mark.parametrize("dtype", [">f4", object, "U1", complex, np.uint16, "M8[s]"])
def test_arrays_of_dtypes_that_tensors_do_not_have(dtype):
    with pytest.raises(ArgumentError, match="can't convert np.ndarray of type"):
        ToTensor()(np.zeros((2, 2), dtype))


def test_flatten_takes_tensors():
    with pytest.raises(ArgumentError, match=r"Flatten\(\): expected a Tensor, got ndarray; put ToTensor\(\) before it"):
        Flatten()(BYTES)


def test_compose_takes_functions():
    with pytest.raises(ArgumentError, match=r"Compose\(\): expected a function, got NoneType"):
        Compose([ToTensor(), None])
    chain = Compose(transform for transform in (ToTensor(), Flatten()))
    assert chain(BYTES).shape == chain(BYTES).shape == (4, 64)


def test_flatten():
    assert Flatten()(torch.zeros(1, 4, 5)).shape == (20,)
    assert Flatten()(torch.zeros(7, 3, 4, 5)).shape == (7, 60)


def test_what_is_made_for_batches():
    assert ToTensor().batched
    assert Normalize(0, 1).batched
    assert Flatten().batched
    assert CHAIN.batched
    assert not Lambda(abs).batched
    assert not Compose([ToTensor(), Lambda(abs)]).batched
    assert not Compose([ToTensor(), abs]).batched
    assert Compose([CHAIN, ToTensor()]).batched


def test_lambda():
    assert Lambda(lambda x: x + 1)(1) == 2
    with pytest.raises(ArgumentError, match=r"Lambda\(\): expected a function, got int"):
        Lambda(3)


def test_reprs():
    assert repr(Compose([CHAIN, Lambda(abs)])) == (
        "Compose(\n"
        "    Compose(\n"
        "        ToTensor()\n"
        "        Normalize(mean=0.1307, std=0.3081)\n"
        "        Flatten()\n"
        "    )\n"
        "    Lambda()\n"
        ")"
    )
