"""Networks for images, small, in plain torch; their blocks are those of the families named."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional

from .kinds import Kind, images


class NormAct(nn.BatchNorm2d):
    """Batch normalisation with an activation in its own forward pass, as timm's BatchNormAct2d.

    It calls the function itself, as image models' libraries do, instead of its parent's pass.
    """

    def __init__(self, channels, act=nn.SiLU):
        super().__init__(channels)
        self.act = act()

    def forward(self, x):
        factor = self.momentum
        if self.training:
            self.num_batches_tracked.add_(1)
            if factor is None:
                factor = 1 / float(self.num_batches_tracked)
        x = functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            factor or 0.0,
            self.eps,
        )
        return self.act(x)


def conv_norm(a, b, kernel=3, stride=1, groups=1, norm=nn.BatchNorm2d):
    return nn.Sequential(
        nn.Conv2d(a, b, kernel, stride, kernel // 2, groups=groups, bias=False), norm(b)
    )


class Residual(nn.Module):
    """x + f(x), with the shortcut that the shapes need."""

    def __init__(self, inner, shortcut=None, act=None):
        super().__init__()
        self.inner, self.shortcut = inner, shortcut or nn.Identity()
        self.act = act or nn.Identity()

    def forward(self, x):
        return self.act(self.shortcut(x) + self.inner(x))


class Excited(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        weights = self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(weights)


class Joined(nn.Module):
    """Branches side by side."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(
            conv_norm(4, 4, 1), nn.ReLU(), conv_norm(4, 4, groups=4), conv_norm(4, 4, 1), nn.ReLU()
        )

    def forward(self, x):
        a, b = x.chunk(2, 1)
        x = torch.cat([a, self.inner(b)], 1)
        return x.unflatten(1, (2, 4)).transpose(1, 2).flatten(1, 2)


def headed(*layers, channels=8):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))


def basic(a, b, stride=1):
    inner = nn.Sequential(conv_norm(a, b, 3, stride), nn.ReLU(), conv_norm(b, b))
    return Residual(inner, conv_norm(a, b, 1, stride) if stride > 1 or a != b else None, nn.ReLU())


def bottleneck(a, b):
    inner = nn.Sequential(
        conv_norm(a, 4, 1), nn.ReLU(), conv_norm(4, 4), nn.ReLU(), conv_norm(4, b, 1)
    )
    return Residual(inner, conv_norm(a, b, 1) if a != b else None, nn.ReLU())


def preact(a):
    return Residual(
        nn.Sequential(
            nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, a, 3, padding=1),
            nn.BatchNorm2d(a), nn.ReLU(), nn.Dropout(0.3), nn.Conv2d(a, a, 3, padding=1),
        )
    )  # fmt: skip


def inverted(a, norm, se=False):
    middle = [Excited(16)] if se else []
    return Residual(
        nn.Sequential(
            conv_norm(a, 16, 1, norm=norm), conv_norm(16, 16, groups=16, norm=norm), *middle,
            conv_norm(16, a, 1),
        )
    )  # fmt: skip


def relu6(channels):
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU6())


class Google(nn.Module):
    """With a head that is used in training alone."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3), NormAct(8)
        self.mixed = Joined(conv_norm(8, 4, 1), conv_norm(8, 4, 3), conv_norm(8, 8, 5))
        self.output, self.auxiliary = nn.Linear(16, 5), nn.Linear(8, 5)
        self.head = nn.BatchNorm1d(5)

    def forward(self, x):
        x = self.norm(self.stem(x))
        y = self.output(self.mixed(x).mean((2, 3)))
        return (y, self.head(self.auxiliary(x.mean((2, 3))))) if self.training else y


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([conv_norm(3, 8), conv_norm(8, 16), conv_norm(16, 16)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(16, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)])
        self.join = nn.ModuleList([conv_norm(32, 16), conv_norm(16, 8)])
        self.output = nn.Conv2d(8, 3, 1)

    def forward(self, x):
        skips = []
        for k, layer in enumerate(self.down):
            x = torch.relu(layer(x if k == 0 else functional.max_pool2d(x, 2)))
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[1::-1], strict=True):
            x = torch.relu(join(torch.cat([up(x), skip], 1)))
        return self.output(x)


class ConvNeXtBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.depth = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 16), nn.GELU(), nn.Linear(16, channels))
        self.scale = nn.Parameter(torch.full((channels,), 0.1))

    def forward(self, x):
        y = self.mlp(self.norm(self.depth(x).permute(0, 2, 3, 1)))
        return x + (self.scale * y).permute(0, 3, 1, 2)


class Patches(nn.Module):
    """A vision transformer of torch's own layers, or a mixer."""

    def __init__(self, mixer=False):
        super().__init__()
        self.embed, self.place = nn.Conv2d(3, 16, 4, 4), nn.Parameter(0.1 * torch.randn(17, 16))
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        layer = partial(nn.TransformerEncoderLayer, 16, 4, 32, batch_first=True, norm_first=True)
        self.body = nn.ModuleList([Mixer() if mixer else layer() for _ in range(2)])
        self.output = nn.Linear(16, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).mT
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place
        for layer in self.body:
            x = layer(x)
        return self.output(x[:, 0])


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.again = nn.LayerNorm(16), nn.LayerNorm(16)
        self.places = nn.Sequential(nn.Linear(17, 17), nn.GELU(), nn.Linear(17, 17))
        self.channels = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, x):
        x = x + self.places(self.norm(x).mT).mT
        return x + self.channels(self.again(x))


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Sequential(NormAct(8 + 4 * k, nn.ReLU), nn.Conv2d(8 + 4 * k, 4, 3, padding=1))
             for k in range(3)]
        )  # fmt: skip

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


def stem():
    return nn.Sequential(conv_norm(3, 8), nn.ReLU())


def vgg():
    return headed(stem(), nn.MaxPool2d(2), conv_norm(8, 8), nn.ReLU(), nn.Dropout())


def lenet():
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 5),
    )  # fmt: skip


def segmentation():
    x, _ = images()
    torch.manual_seed(1)
    y = torch.randint(3, (len(x), 16, 16))
    return x, torch.where(torch.rand(y.shape) < 0.1, -100, y)


def normalised(norm):
    return headed(nn.Conv2d(3, 8, 3), norm, nn.ReLU())


KINDS = [
    Kind("LeNet", lenet, images),
    Kind("VGG, BatchNorm", vgg, images),
    Kind("ResNet, basic blocks", lambda: headed(stem(), basic(8, 8), basic(8, 8, 2)), images),
    Kind("ResNet, bottlenecks", lambda: headed(stem(), bottleneck(8, 8)), images),
    Kind("ResNet, before activation", lambda: headed(stem(), preact(8), preact(8)), images),
    Kind("ResNeXt", lambda: headed(stem(), Residual(conv_norm(8, 8, groups=4))), images),
    Kind("DenseNet", lambda: headed(stem(), Dense(), channels=20), images),
    Kind("SqueezeNet", lambda: headed(nn.Conv2d(3, 4, 1), nn.ReLU(), Joined(
        nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1))), images),
    Kind("Inception with an auxiliary head", Google, images),
    Kind("MobileNetV2", lambda: headed(stem(), inverted(8, relu6)), images),
    Kind("MobileNetV3, BatchNormAct", lambda: headed(
        stem(), inverted(8, partial(NormAct, act=nn.Hardswish), se=True)), images),
    Kind("EfficientNet, BatchNormAct", lambda: headed(stem(), inverted(8, NormAct, se=True)),
         images),
    Kind("RegNet, BatchNormAct", lambda: headed(
        stem(), Residual(nn.Sequential(conv_norm(8, 8, 1, norm=NormAct),
                                       conv_norm(8, 8, groups=2, norm=NormAct), Excited(8)))),
         images),
    Kind("GhostNet", lambda: headed(stem(), Joined(
        nn.Identity(), conv_norm(8, 8, groups=8, norm=NormAct)), channels=16), images),
    Kind("ShuffleNet", lambda: headed(stem(), Shuffled()), images),
    Kind("ConvNeXt", lambda: headed(nn.Conv2d(3, 8, 2, 2), ConvNeXtBlock(8)), images),
    Kind("U-Net, ignored pixels", UNet, segmentation),
    Kind("Vision transformer, torch's layers", Patches, images),
    Kind("MLP-Mixer", partial(Patches, mixer=True), images),
    Kind("SyncBatchNorm", lambda: nn.SyncBatchNorm.convert_sync_batchnorm(vgg()), images),
    Kind("GroupNorm", lambda: normalised(nn.GroupNorm(4, 8)), images),
    Kind("InstanceNorm", lambda: normalised(nn.InstanceNorm2d(8, affine=True)), images),
    Kind("BatchNorm without statistics", lambda: normalised(
        nn.BatchNorm2d(8, track_running_stats=False)), images),
]  # fmt: skip
